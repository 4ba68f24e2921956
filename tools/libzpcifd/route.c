// SPDX-License-Identifier: MIT
/*
 * Which path a function takes: the table of
 * Documentation/userspace-api/libzpcifd.rst
 */
#include <stdbool.h>

#include "lib.h"
#include "zpcifd_vmm.h"

/* Function type of ISM in CLP query function */
#define PFT_ISM 5

enum match { NO, YES, ANY };

/* The first row that fits decides */
static const struct {
	enum match relay;	/* this kernel relays all three instructions */
	enum match ism;
	enum match mio;
	enum match msix;
	enum match relaxed;
	enum zpcifd_path path;
	const char *reason;
} routes[] = {
	/* relay ism mio msix relaxed */
	{ ANY, YES, ANY, ANY, NO, ZPCIFD_PATH_NOT_POSSIBLE,
	  "ISM takes PCISTB alone, also of 8 bytes, which is no legal length without relaxed alignment",
	},
	{ NO, YES, ANY, ANY, YES, ZPCIFD_PATH_NOT_POSSIBLE,
	  "ISM takes PCISTB alone, each in one piece, and this kernel does not relay all instructions",
	},
	{ YES, YES, ANY, ANY, YES, ZPCIFD_PATH_RELAY_REQUIRED,
	  "ISM takes PCISTB alone, each in one piece, and the standard path splits it",
	},

	{ NO, NO, NO, ANY, YES, ZPCIFD_PATH_NOT_POSSIBLE,
	  "the function takes unaligned blocks, which the standard path cannot store without MIO, and this kernel does not relay all instructions",
	},
	{ NO, NO, ANY, ANY, ANY, ZPCIFD_PATH_STANDARD,
	  "this kernel does not relay all instructions",
	},

	{ YES, NO, NO, NO, NO, ZPCIFD_PATH_RELAY_POSSIBLE,
	  "aligned stores may be split; without MIO the standard path takes a system call for each 8 bytes",
	},
	{ YES, NO, NO, NO, YES, ZPCIFD_PATH_RELAY_REQUIRED,
	  "the function takes unaligned blocks, which the standard path cannot store without MIO",
	},
	{ YES, NO, NO, YES, NO, ZPCIFD_PATH_RELAY_POSSIBLE,
	  "as without MSI-X: the relay guards the MSI-X table, so that it is no obstacle",
	},
	{ YES, NO, NO, YES, YES, ZPCIFD_PATH_RELAY_REQUIRED,
	  "unaligned blocks without MIO need the relay, which guards the MSI-X table",
	},
	{ YES, NO, YES, NO, NO, ZPCIFD_PATH_RELAY_POSSIBLE,
	  "BARs can be mapped and aligned stores be split; the relay uses the instructions that every function has",
	},
	{ YES, NO, YES, NO, YES, ZPCIFD_PATH_RELAY_POSSIBLE,
	  "BARs can be mapped, for drivers that do without unaligned blocks; the relay keeps those in one piece",
	},
	{ YES, NO, YES, YES, NO, ZPCIFD_PATH_RELAY_POSSIBLE,
	  "as a network card: BARs can be mapped, and the relay guards the MSI-X table",
	},
	{ YES, NO, YES, YES, YES, ZPCIFD_PATH_RELAY_POSSIBLE,
	  "BARs can be mapped, for drivers that do without unaligned blocks; the relay keeps those in one piece and guards the MSI-X table",
	},
};

static bool matches(enum match match, bool is)
{
	return match == ANY || (match == YES) == is;
}

enum zpcifd_path zpcifd_route(const struct zpcifd_info *info,
			      const char **reason)
{
	const uint32_t all = 1U << ZPCIFD_OP_PCILG | 1U << ZPCIFD_OP_PCISTG |
			     1U << ZPCIFD_OP_PCISTB;
	const bool relay = (info->out_opcodes & all) == all;
	const bool ism = info->out_pft == PFT_ISM;
	const bool mio = info->out_features & ZPCIFD_FEATURE_MIO;
	const bool msix = info->out_features & ZPCIFD_FEATURE_MSIX;
	const bool relaxed = info->out_features & ZPCIFD_FEATURE_RELAXED;
	size_t i = 0;

	/* Some row fits everything */
	while (!matches(routes[i].relay, relay) || !matches(routes[i].ism, ism) ||
	       !matches(routes[i].mio, mio) || !matches(routes[i].msix, msix) ||
	       !matches(routes[i].relaxed, relaxed))
		i++;
	if (reason)
		*reason = routes[i].reason;
	return routes[i].path;
}

const char *zpcifd_path_str(enum zpcifd_path path)
{
	switch (path) {
	case ZPCIFD_PATH_STANDARD:
		return "standard path";
	case ZPCIFD_PATH_RELAY_POSSIBLE:
		return "relay possible";
	case ZPCIFD_PATH_RELAY_REQUIRED:
		return "relay required";
	default:
		return "not possible";
	}
}
