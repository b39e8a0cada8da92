#!/bin/sh
# Installs what the browser tests need and no Python package brings: Chromium and CJK fonts.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -n "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ] || missing="$missing fontconfig fonts-noto-cjk"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    root=""
elif sudo -n true 2>/dev/null; then
    root="sudo"
else
    echo "the browser tests need:$missing" >&2
    echo "ask an administrator for: apt-get install$missing" >&2
    exit 1
fi
$root apt-get update -qq
# shellcheck disable=SC2086 # one argument per package
DEBIAN_FRONTEND=noninteractive $root apt-get install -qq --no-install-recommends $missing >/dev/null
