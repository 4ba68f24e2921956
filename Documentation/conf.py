# SPDX-License-Identifier: GPL-2.0
#
# For sphinx-build; selftests/rig/docs.sh calls it. The environment variable
# srctree names a Linux 7.x source tree, which has the extension for kernel-doc.

import os
import sys

linux = os.path.abspath(os.environ["srctree"])
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(linux, "Documentation", "sphinx"))

extensions = ["kerneldoc"]
kerneldoc_srctree = os.path.dirname(here)
kerneldoc_bin = os.path.join(linux, "scripts", "kernel-doc")

project = "zpcifd"
copyright = "the authors of zpcifd"
root_doc = "index"
primary_domain = "c"
highlight_language = "none"
html_theme = "classic"
html_theme_options = {"sidebarwidth": 280}
html_show_sphinx = False
# Types and functions that no page here describes: those of the kernel
nitpicky = False
