/* SPDX-License-Identifier: MIT */
/*
 * libzpcifd for virtual machine monitors: which path a function takes to a
 * guest, and the MSI-X table that the guest sees
 */
#ifndef ZPCIFD_VMM_H
#define ZPCIFD_VMM_H

#include <stdbool.h>
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

/* The MSI-X table that a guest sees */

/**
 * DOC: MSI-X shadow
 *
 * The kernel owns a function's MSI-X table and pending bit array: a descriptor
 * that overlaps them completes with -EACCES and ZPCIFD_CQE_MSIX. A VMM gives its
 * guest a shadow of both instead. It takes the guest's loads and stores as the
 * function would, and tells which vectors changed, so that the VMM can call
 * zpcifd_irq_set().
 *
 * The table is memory: 16 bytes for each vector, little-endian, as PCI has it.
 * After a reset all vectors are masked and the rest is 0. The pending bit array
 * is read only: what is stored there is lost, without an error.
 *
 * A shadow is for one thread at a time.
 */
struct zpcifd_msix;

/**
 * zpcifd_msix_create - Make the shadow of a function's MSI-X table
 * @info: What zpcifd_info() tells of the function
 * @m: Out: the shadow, reset; or NULL
 *
 * Return: 0; -EINVAL for a function without MSI-X, or whose table and pending
 * bit array are not where PCI has them: outside of a BAR, overlapping, or not on
 * a multiple of 8; -ENOMEM.
 */
int zpcifd_msix_create(const struct zpcifd_info *info, struct zpcifd_msix **m);

/**
 * zpcifd_msix_destroy - Free a shadow
 * @m: The shadow, or NULL
 */
void zpcifd_msix_destroy(struct zpcifd_msix *m);

/**
 * zpcifd_msix_reset - Bring a shadow into the state after a reset of the function
 * @m: The shadow
 *
 * MSI-X is not enabled, all vectors are masked, nothing is pending. Vectors that
 * this changes are told by zpcifd_msix_next().
 */
void zpcifd_msix_reset(struct zpcifd_msix *m);

/**
 * zpcifd_msix_span - Find out whose the bytes of an access are
 * @m: The shadow
 * @as: Address space
 * @offset: Offset in the address space
 * @len: Length in bytes
 * @shadowed: Out: the first byte belongs to the table or pending bit array
 *
 * One PCISTB may store to the table and to what lies before and behind it. The
 * rest is the function's: relay it, as descriptors of its own.
 *
 * Return: how many bytes from @offset on are like the first one; not above @len.
 */
uint32_t zpcifd_msix_span(const struct zpcifd_msix *m, uint8_t as,
			  uint64_t offset, uint32_t len, bool *shadowed);

/**
 * zpcifd_msix_load - Do a guest's PCILG
 * @m: The shadow
 * @as: Address space
 * @offset: Offset in the address space
 * @len: Length in bytes
 * @value: Out: the number loaded, the byte at @offset being the most significant
 *	of @len bytes; 0 on failure
 *
 * Return: 0; -EINVAL for a length that the architecture does not have, or that
 * crosses a multiple of 8; -ERANGE for a place that is not the shadow's.
 */
int zpcifd_msix_load(const struct zpcifd_msix *m, uint8_t as, uint64_t offset,
		     uint32_t len, uint64_t *value);

/**
 * zpcifd_msix_store - Do a guest's PCISTG
 * @m: The shadow
 * @as: As of zpcifd_msix_load()
 * @offset: As of zpcifd_msix_load()
 * @len: As of zpcifd_msix_load()
 * @value: The number to store; what is above @len bytes is not looked at
 *
 * Return: as zpcifd_msix_load()
 */
int zpcifd_msix_store(struct zpcifd_msix *m, uint8_t as, uint64_t offset,
		      uint32_t len, uint64_t value);

/**
 * zpcifd_msix_block - Do a guest's PCISTB
 * @m: The shadow
 * @as: Address space
 * @offset: Offset in the address space
 * @buf: The bytes to store
 * @len: How many: any number that does not cross a multiple of 4096, as functions
 *	with relaxed alignment take it; it is for the VMM to refuse what its guest's
 *	function does not take
 *
 * Stores those bytes that are the shadow's, see zpcifd_msix_span().
 *
 * Return: 0; -EINVAL for a length of 0 or one that crosses a multiple of 4096;
 * -ERANGE when no byte is the shadow's.
 */
int zpcifd_msix_block(struct zpcifd_msix *m, uint8_t as, uint64_t offset,
		      const void *buf, uint32_t len);

/**
 * zpcifd_msix_control - Take the guest's store to the capability in config space
 * @m: The shadow
 * @enable: MSI-X Enable of the Message Control register
 * @mask_all: Function Mask of it
 *
 * Vectors that this masks or unmasks are told by zpcifd_msix_next().
 */
void zpcifd_msix_control(struct zpcifd_msix *m, bool enable, bool mask_all);

/**
 * zpcifd_msix_raise - Take an interrupt of the function
 * @m: The shadow
 * @vector: Whose eventfd was signalled
 *
 * Return: true when the guest gets it now. false when the vector is masked: it is
 * pending from now on, and told by zpcifd_msix_next() when it is unmasked; or when
 * MSI-X is not enabled or there is no such vector, and it is lost.
 */
bool zpcifd_msix_raise(struct zpcifd_msix *m, uint32_t vector);

/**
 * enum zpcifd_msix_changes - What is new about a vector
 * @ZPCIFD_MSIX_ADDRESS: Its message address
 * @ZPCIFD_MSIX_DATA: Its message data
 * @ZPCIFD_MSIX_MASKED: It is masked now
 * @ZPCIFD_MSIX_UNMASKED: It is not masked any more
 * @ZPCIFD_MSIX_PENDING: It was pending and is not masked any more: the guest gets
 *	the interrupt now. The pending bit is cleared.
 */
enum zpcifd_msix_changes {
	ZPCIFD_MSIX_ADDRESS = 1 << 0,
	ZPCIFD_MSIX_DATA = 1 << 1,
	ZPCIFD_MSIX_MASKED = 1 << 2,
	ZPCIFD_MSIX_UNMASKED = 1 << 3,
	ZPCIFD_MSIX_PENDING = 1 << 4,
};

/**
 * struct zpcifd_msix_vector - A vector that changed
 * @address: Message address
 * @data: Message data
 * @vector: Its number
 * @changes: Bits of enum zpcifd_msix_changes
 * @masked: It is masked: by its own bit or for the whole function, or MSI-X is not
 *	enabled
 */
struct zpcifd_msix_vector {
	uint64_t address;
	uint32_t data;
	uint32_t vector;
	uint32_t changes;
	bool masked;
};

/**
 * zpcifd_msix_next - Tell a vector that changed since it was last told
 * @m: The shadow
 * @v: Out: the vector as it is now
 *
 * Vectors come in the order of their numbers, each once for any number of stores,
 * and not at all if it is again as it was.
 *
 * Return: true; false when there are no more, with @v as it was.
 */
bool zpcifd_msix_next(struct zpcifd_msix *m, struct zpcifd_msix_vector *v);

#ifdef __cplusplus
}
#endif

#endif /* ZPCIFD_VMM_H */
