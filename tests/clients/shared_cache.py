"""A shared cache, configured as edge.yaml configures CloudFront: Debian's nginx."""

import contextlib
import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NGINX = ROOT / ".tools/nginx/usr/sbin/nginx"
READ = "import json, sys; from samcli.yamlhelper import yaml_parse; json.dump(yaml_parse(sys.stdin.read()), sys.stdout)"
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{}}
http {{
  log_format edge '$request_method $request_uri $status $upstream_cache_status';
  access_log {folder}/access.log edge;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=edge:1m;
  merge_slashes off;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host 127.0.0.1:{origin};
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{origin}$request_uri;
    }}
    location ~ {pattern} {{
      proxy_pass http://127.0.0.1:{origin}$request_uri;
      proxy_cache edge;
      proxy_cache_key "$request_uri {key}";
      proxy_cache_lock on;
      # CloudFront ignores Vary.
      proxy_ignore_headers Vary;
      {stale}
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


def edge():
    """The template, without its short-form functions."""
    command = [ROOT / ".tools/sam/bin/python", "-c", READ]
    output = subprocess.run(command, input=(ROOT / "edge.yaml").read_text(), capture_output=True, check=True, text=True).stdout
    return json.loads(output)["Resources"]


def configuration(folder, port, origin, cache_control):
    """The configuration of nginx. `cache_control` is that of an answer of the service that may be kept."""
    found = edge()
    policy = found["CachePolicy"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0), "nginx keeps only what the service says, too"
    headers = policy["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"]["Headers"]
    [behavior] = found["Distribution"]["Properties"]["DistributionConfig"]["CacheBehaviors"]
    pattern = "^" + ".*".join(re.escape(part) for part in behavior["PathPattern"].split("*")) + "$"
    key = " ".join(f"$http_{name.lower().replace('-', '_')}" for name in headers)
    # CloudFront serves expired answers while the service fails, for as long as stale-if-error allows, or without a bound.
    is_bounded = "stale-if-error=0" in cache_control
    stale = "" if is_bounded else "proxy_cache_use_stale error timeout http_500 http_502 http_503 http_504;"
    return CONFIGURATION.format(folder=folder, port=port, origin=origin, pattern=pattern, key=key, stale=stale)


class Cache:
    """A running cache."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def calls(self, path):
        """How many requests for this path, as sent, have reached the service."""
        lines = [line.split() for line in (self.folder / "access.log").read_text().splitlines()]
        # `-` means that this path is not looked up, and HIT that the cache has answered.
        return sum(1 for _, target, _, seen in lines if target == path and seen != "HIT")


@contextlib.contextmanager
def start_cache(folder, port, origin, cache_control):
    """Runs the cache while the context lasts."""
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port, origin, cache_control))
    process = subprocess.Popen([NGINX, "-p", folder, "-c", file, "-e", folder / "error.log"])
    try:
        for _ in range(100):
            assert process.poll() is None, (folder / "error.log").read_text()
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v4/openapi.json", timeout=5).close()
                break
            time.sleep(0.1)
        yield Cache(folder, port)
    finally:
        process.terminate()
        process.wait(timeout=20)
