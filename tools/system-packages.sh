#!/bin/sh
# Installs what the tests use beside Python packages, where this user may; says plainly what is left out where not.
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="chromium"
command -v soffice >/dev/null 2>&1 || missing="$missing libreoffice-calc-nogui"
# nginx only where its package starts no server on this machine (containers): the tests want nginx -t alone
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || [ -d /run/systemd/system ] || missing="$missing nginx"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing: $missing"
    # shellcheck disable=SC2086  # a list of package names
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing fonts-dejavu-core >/dev/null; then
        exit 0
    fi
fi
left=""
case "$missing" in *chromium*) left="$left, chromium (browser tests)" ;; esac
case "$missing" in *nogui*) left="$left, LibreOffice (two tests of the workbook)" ;; esac
case "$missing" in *nginx*) left="$left, nginx (two tests of deploy/)" ;; esac
echo "LEFT OUT: could not install ${left#, }; the tests that need it will be skipped and say so"
