#!/bin/bash
# start_arm64.sh INTERPRETER FORMAT COMMAND... runs a command, and runs the programs for arm64 that it starts with an
# interpreter. FORMAT is qemu's configuration file for binfmt_misc, which describes these programs to the kernel.
#
# The kernel has one table of such interpreters for the machine. Since Linux 6.7, a user namespace can have its own table, which
# disappears when the command ends. The variable RUNS_ARM64 tells the command that its namespace has one.
set -euo pipefail
interpreter=$1 format=$2
shift 2
formats=/proc/sys/fs/binfmt_misc
inside="mount -t binfmt_misc binfmt_misc $formats"
if ! unshare --user --map-root-user --mount bash -c "$inside && test -w $formats/register" 2>/dev/null; then
	echo "make test-arm64: this kernel does not support binfmt_misc in a user namespace, which needs Linux 6.7 or newer, so" \
		"the emulator of AWS does NOT start the function for arm64" >&2
	exec "$@"
fi
export RUNS_ARM64=1
exec unshare --user --map-root-user --mount bash -euc "$inside"'
	sed "s#:/[^:]*:[A-Z]*\$#:$1:#" "$2" >'$formats'/register
	shift 2
	exec "$@"' bash "$interpreter" "$format" "$@"
