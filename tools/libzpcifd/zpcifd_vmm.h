/* SPDX-License-Identifier: MIT */
/*
 * libzpcifd for virtual machine monitors: which path a function takes to a
 * guest
 */
#ifndef ZPCIFD_VMM_H
#define ZPCIFD_VMM_H

#include <zpcifd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The path */

/**
 * enum zpcifd_path - How a function can be driven from outside the kernel
 * @ZPCIFD_PATH_NOT_POSSIBLE: Neither by the standard path nor by the relay
 * @ZPCIFD_PATH_STANDARD: By the standard path only
 * @ZPCIFD_PATH_RELAY_POSSIBLE: By the standard path, and by the relay if you like
 * @ZPCIFD_PATH_RELAY_REQUIRED: By the relay only
 *
 * The standard path is vfio-pci: BARs mapped where the function has MIO, else
 * loads and stores of up to 8 bytes by a system call each. It does not keep a
 * PCISTB in one piece. The relay is zpcifd.
 */
enum zpcifd_path {
	ZPCIFD_PATH_NOT_POSSIBLE = 0,
	ZPCIFD_PATH_STANDARD = 1,
	ZPCIFD_PATH_RELAY_POSSIBLE = 2,
	ZPCIFD_PATH_RELAY_REQUIRED = 3,
};

/**
 * zpcifd_route - Choose the path of a function
 * @info: What zpcifd_info() tells of it
 * @reason: Out: why, one sentence for people; or NULL
 *
 * Follows from MIO, MSI-X, relaxed alignment, the function type, and the
 * instructions that this kernel relays, by one table.
 *
 * Return: the path
 */
enum zpcifd_path zpcifd_route(const struct zpcifd_info *info,
			      const char **reason);

/**
 * zpcifd_path_str - Name a path
 * @path: The path
 *
 * Return: "not possible", "standard path", "relay possible" or "relay required"
 */
const char *zpcifd_path_str(enum zpcifd_path path);

#ifdef __cplusplus
}
#endif

#endif /* ZPCIFD_VMM_H */
