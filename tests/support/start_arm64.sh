#!/bin/bash
# Runs a command so that the programs for arm64 that it starts run with an interpreter: start_arm64.sh INTERPRETER FORMAT
# COMMAND... FORMAT is the file with which qemu describes these programs to the kernel.
#
# The kernel's table of such interpreters is one for the machine, but since Linux 6.7, a user namespace can have its own, which
# ends with the command. The variable RUNS_ARM64 tells the command that it is so.
set -euo pipefail
interpreter=$1 format=$2
shift 2
formats=/proc/sys/fs/binfmt_misc
inside="mount -t binfmt_misc binfmt_misc $formats"
if ! unshare --user --map-root-user --mount bash -c "$inside && test -w $formats/register" 2>/dev/null; then
	echo "make test-arm64: this kernel has no table of interpreters for one command, as Linux 6.7 or newer has, so the emulator" \
		"of AWS does NOT start the function for arm64" >&2
	exec "$@"
fi
export RUNS_ARM64=1
exec unshare --user --map-root-user --mount bash -euc "$inside"'
	sed "s#:/[^:]*:[A-Z]*\$#:$1:#" "$2" >'$formats'/register
	shift 2
	exec "$@"' bash "$interpreter" "$format" "$@"
