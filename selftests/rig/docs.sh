#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# docs.sh: builds Documentation/ as HTML into build/docs, with the comments of the
# headers in it. Any warning fails.

# shellcheck source=selftests/rig/lib.sh
. "$(dirname "$0")/lib.sh"

"$RIG/packages.sh" docs
srctree=$("$RIG/kernel.sh" s390x-7)/source
export srctree

build()
{
	rm -rf "$BUILD/docs"
	sphinx-build -q -W --keep-going -b html -d "$BUILD/docs/.doctrees" \
		"$TOP/Documentation" "$BUILD/docs"
}

step "documentation" "$BUILD/log/docs.log" build
say "documentation: build/docs/index.html"
