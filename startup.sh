#!/usr/bin/env bash
# Installs and builds what is missing, starts all replicas and front ends and opens the prompt client. When the client is left,
# everything that was started is stopped.
set -euo pipefail

readonly NODE_NEEDED=20.19

usage() {
  cat <<'TEXT'
Usage: startup.sh [--no-client] [--offline] [--config FILE]
  --no-client    stay in the foreground with the servers; Ctrl-C stops them
  --offline      check postcodes without the internet, against a stand-in
  --config FILE  another cluster than resources/cluster.json
  --help         this text
TEXT
}

fail() {
  echo "startup.sh: $1" >&2
  exit "${2:-1}"
}

client=(--client)
arguments=()
while (($# > 0)); do
  case "$1" in
    --no-client) client=() ;;
    --offline) arguments+=(--offline) ;;
    --config)
      (($# > 1)) || fail "--config needs a file." 2
      arguments+=(--config "$(realpath -m -- "$2")")
      shift
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "unknown argument: $1" 2
      ;;
  esac
  shift
done

cd "$(dirname "$(realpath -- "${BASH_SOURCE[0]}")")"

command -v node >/dev/null || fail "Node.js is not installed; install version $NODE_NEEDED or newer (https://nodejs.org)."
command -v npm >/dev/null || fail "npm is not installed; it comes with Node.js $NODE_NEEDED or newer (Debian: apt-get install npm)."
version="$(node --version)"
version="${version#v}"
[ "$(printf '%s\n' "$NODE_NEEDED" "$version" | sort -V | head -n 1)" = "$NODE_NEEDED" ] ||
  fail "Node.js $version is too old; install version $NODE_NEEDED or newer (https://nodejs.org)."

# npm notes in node_modules/.package-lock.json when it installed last.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo 'Installing packages…'
  npm ci --include=dev --no-audit --no-fund --loglevel=error || fail 'npm ci failed; see above. Is the registry reachable?'
fi

# `find -newer` lists sources changed since the last whole build; the mark is written after it.
mark=dist/.built
if [ ! -e "$mark" ] || [ ! -e dist/cli/main.js ] ||
  [ -n "$(find src proto scripts package.json tsconfig.json -newer "$mark" -not -path 'src/net/generated*' -type f -print -quit)" ]; then
  echo 'Building…'
  npm run --silent build || fail 'the build failed; see above.'
  touch "$mark"
fi

exec node dist/cli/main.js start "${client[@]}" "${arguments[@]}"
