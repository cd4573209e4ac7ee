#!/bin/sh
# Installs what the tests use beside Python packages, where this user may; says plainly what is left out where not.
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="chromium"
command -v soffice >/dev/null 2>&1 || missing="$missing libreoffice-calc-nogui"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing: $missing"
    # shellcheck disable=SC2086  # a list of package names
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing fonts-dejavu-core >/dev/null; then
        exit 0
    fi
fi
echo "LEFT OUT: could not install$([ "${missing#chromium}" = "$missing" ] || printf ' chromium (browser tests)')$([ "${missing%nogui}" = "$missing" ] || printf ' LibreOffice (two tests of the workbook)'); the tests that need it will be skipped and say so"
