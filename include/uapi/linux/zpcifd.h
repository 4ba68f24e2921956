/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * zpcifd: a zPCI function as a file descriptor
 */
#ifndef _UAPI_LINUX_ZPCIFD_H
#define _UAPI_LINUX_ZPCIFD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ZPCIFD_TYPE 0x9B

/**
 * DOC: General ioctl format
 *
 * Every ioctl of the device file takes a pointer to a structure that starts
 * with its own size in bytes. Structures only grow at their end: a shorter one
 * than the kernel's is completed with zeros, a longer one is taken when what
 * the kernel does not know is zero. A size above one page is refused.
 *
 * ioctls use these errnos with one meaning each:
 *
 *  - ENOTTY: the ioctl number is not known
 *  - E2BIG: the structure has a value other than zero beyond what the kernel
 *    knows, or its size is above one page
 *  - EOPNOTSUPP: a known field has a value that the kernel does not know, or
 *    the function's provider does not implement the operation
 *  - EINVAL: everything was understood, but a field is not correct
 *  - ENOTCONN: the operation needs a file that ZPCIFD_BIND_IOMMUFD was called
 *    on, and this one is not
 *  - EBUSY: the function has an owner already
 *  - ENOENT: an ID does not exist
 *  - ENODEV: the function is gone; nothing but close() works any more
 *  - EFAULT: an address is not accessible
 *  - ENOMEM: out of memory
 */
enum {
	ZPCIFD_CMD_BASE = 0x00,
	ZPCIFD_CMD_INFO = ZPCIFD_CMD_BASE,
	ZPCIFD_CMD_BIND_IOMMUFD = 0x01,
	ZPCIFD_CMD_ATTACH = 0x02,
	ZPCIFD_CMD_REPLACE = 0x03,
	ZPCIFD_CMD_DETACH = 0x04,
	ZPCIFD_CMD_RING_CREATE = 0x05,
	ZPCIFD_CMD_IRQ_SET = 0x06,
	ZPCIFD_CMD_RESET = 0x07,
	ZPCIFD_CMD_RING_ENTER = 0x10,
};

/**
 * enum zpcifd_opcode - The instructions that the relay issues
 * @ZPCIFD_OP_PCILG: PCI Load, 1 to 8 bytes
 * @ZPCIFD_OP_PCISTG: PCI Store, 1 to 8 bytes
 * @ZPCIFD_OP_PCISTB: PCI Store Block, up to &struct zpcifd_info.out_maxstbl
 *	bytes
 *
 * Zero is no opcode, so that a descriptor of zeros is refused.
 */
enum zpcifd_opcode {
	ZPCIFD_OP_PCILG = 1,
	ZPCIFD_OP_PCISTG = 2,
	ZPCIFD_OP_PCISTB = 3,
};

/* Address spaces: 0 to 5 are the BARs */
#define ZPCIFD_NR_BARS 6
#define ZPCIFD_AS_CONFIG 15

/**
 * enum zpcifd_feature - What the function is and can do
 * @ZPCIFD_FEATURE_MIO: The function has the MIO instructions. The relay never
 *	uses them.
 * @ZPCIFD_FEATURE_RELAXED: Relaxed alignment for PCISTB, bit 0x08 of the byte
 *	after the version in the CLP query group response.
 * @ZPCIFD_FEATURE_RTR: Relaxed translation is available.
 * @ZPCIFD_FEATURE_MSI: The function has an MSI capability.
 * @ZPCIFD_FEATURE_MSIX: The function has an MSI-X capability.
 * @ZPCIFD_FEATURE_UTIL_STR: @out_util_str of struct zpcifd_info is valid.
 * @ZPCIFD_FEATURE_SIM: The function is simulated.
 */
enum zpcifd_feature {
	ZPCIFD_FEATURE_MIO = 1 << 0,
	ZPCIFD_FEATURE_RELAXED = 1 << 1,
	ZPCIFD_FEATURE_RTR = 1 << 2,
	ZPCIFD_FEATURE_MSI = 1 << 3,
	ZPCIFD_FEATURE_MSIX = 1 << 4,
	ZPCIFD_FEATURE_UTIL_STR = 1 << 5,
	ZPCIFD_FEATURE_SIM = 1 << 6,
};

/**
 * struct zpcifd_info - ioctl(ZPCIFD_INFO)
 * @size: sizeof(struct zpcifd_info)
 * @flags: Must be 0
 * @out_features: Bits of enum zpcifd_feature
 * @out_opcodes: Bit n is set when opcode n of enum zpcifd_opcode may be used
 * @out_fid: Function ID (CLP query function)
 * @out_uid: User-defined ID, 0 if there is none (CLP query function)
 * @out_pchid: Physical channel ID (CLP query function)
 * @out_vfn: Virtual function number (CLP query function)
 * @out_maxstbl: Largest PCISTB in bytes (CLP query group)
 * @out_max_msi: Number of interrupts of the function, noi (CLP query group)
 * @out_fmb_update: Update interval of the function measurement block in
 *	milliseconds (CLP query group)
 * @out_fmb_length: Length of the function measurement block in bytes (CLP
 *	query function)
 * @out_pft: PCI function type (CLP query function)
 * @out_pfgid: PCI function group ID (CLP query function)
 * @out_port: Port number (CLP query function)
 * @out_fidparm: FID parameters (CLP query function)
 * @out_dtsm: Mask of the supported DMA designation types (CLP query group)
 * @out_version: Version of the function's PCI group (CLP query group)
 * @__reserved: 0
 * @out_pfip: PCI function internal path (CLP query function)
 * @out_start_dma: First DMA address that the function may use (CLP query
 *	function)
 * @out_end_dma: Last DMA address that the function may use (CLP query function)
 * @out_dma_mask: DMA address space mask (CLP query group)
 * @out_msi_addr: MSI address (CLP query group)
 * @out_util_str: Utility string in EBCDIC, as CLP query function gives it
 * @out_bar_size: Size of each BAR in bytes, 0 for a BAR that is not there
 * @out_msix_table_offset: Offset of the MSI-X table in its BAR
 * @out_msix_pba_offset: Offset of the MSI-X pending bit array in its BAR
 * @out_msix_vectors: Number of entries in the MSI-X table, 0 without MSI-X
 * @out_msi_vectors: Number of MSI vectors, 0 without MSI
 * @out_msix_table_bar: BAR of the MSI-X table
 * @out_msix_pba_bar: BAR of the MSI-X pending bit array
 * @__reserved2: 0
 * @out_max_sq_entries: Largest submission queue in entries
 * @out_max_cq_entries: Largest completion queue in entries
 * @out_max_data_len: Largest data area of a ring in bytes
 * @out_max_chain: Longest chain of linked descriptors
 * @out_ring_flags: Bits of enum zpcifd_ring_flags that may be used now
 * @out_max_windows: Largest number of windows of a ring
 * @out_pgsize_bitmap: Page sizes of the DMA address space that the function is
 *	attached to: bit n is set when it has pages of 2^n bytes. DMA addresses
 *	and lengths that are mapped are multiples of the smallest one. 0 while the
 *	function is not attached.
 *
 * All values are the opened function's own. The function handle is not
 * reported: it means nothing outside the kernel.
 *
 * Works before ZPCIFD_BIND_IOMMUFD and for any number of files.
 */
struct zpcifd_info {
	__u32 size;
	__u32 flags;
	__u32 out_features;
	__u32 out_opcodes;
	__u32 out_fid;
	__u32 out_uid;
	__u16 out_pchid;
	__u16 out_vfn;
	__u16 out_maxstbl;
	__u16 out_max_msi;
	__u16 out_fmb_update;
	__u16 out_fmb_length;
	__u8 out_pft;
	__u8 out_pfgid;
	__u8 out_port;
	__u8 out_fidparm;
	__u8 out_dtsm;
	__u8 out_version;
	__u8 __reserved[2];
	__u8 out_pfip[4];
	__aligned_u64 out_start_dma;
	__aligned_u64 out_end_dma;
	__aligned_u64 out_dma_mask;
	__aligned_u64 out_msi_addr;
	__u8 out_util_str[64];
	__aligned_u64 out_bar_size[ZPCIFD_NR_BARS];
	__u32 out_msix_table_offset;
	__u32 out_msix_pba_offset;
	__u16 out_msix_vectors;
	__u16 out_msi_vectors;
	__u8 out_msix_table_bar;
	__u8 out_msix_pba_bar;
	__u8 __reserved2[2];
	__u32 out_max_sq_entries;
	__u32 out_max_cq_entries;
	__u32 out_max_data_len;
	__u32 out_max_chain;
	__u32 out_ring_flags;
	__u32 out_max_windows;
	__aligned_u64 out_pgsize_bitmap;
};

#define ZPCIFD_INFO _IO(ZPCIFD_TYPE, ZPCIFD_CMD_INFO)

/**
 * struct zpcifd_bind_iommufd - ioctl(ZPCIFD_BIND_IOMMUFD)
 * @size: sizeof(struct zpcifd_bind_iommufd)
 * @flags: Must be 0
 * @iommufd: File descriptor of /dev/iommu
 * @out_devid: The function's device ID in that iommufd
 *
 * Makes this file the function's one owner: claims its DMA, enables and resets
 * it. Closing the file undoes it.
 *
 * Errors beyond the general ones: EBUSY when the function has an owner,
 * this file included; EBADF when @iommufd is not an open file descriptor;
 * EBADFD when it is one, but not of /dev/iommu.
 */
struct zpcifd_bind_iommufd {
	__u32 size;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

#define ZPCIFD_BIND_IOMMUFD _IO(ZPCIFD_TYPE, ZPCIFD_CMD_BIND_IOMMUFD)

/**
 * struct zpcifd_attach - ioctl(ZPCIFD_ATTACH)
 * @size: sizeof(struct zpcifd_attach)
 * @flags: Must be 0
 * @pt_id: In: ID of an IOAS or of a page table of the bound iommufd. Out: ID
 *	of the page table that the function uses.
 *
 * Gives the function a DMA address space and lets it master the bus.
 *
 * Errors beyond the general ones: EINVAL when the function is attached
 * already; EINVAL or, for a function that has no page tables, ENOENT when
 * @pt_id is an object of another type.
 */
struct zpcifd_attach {
	__u32 size;
	__u32 flags;
	__u32 pt_id;
};

#define ZPCIFD_ATTACH _IO(ZPCIFD_TYPE, ZPCIFD_CMD_ATTACH)

/*
 * ioctl(ZPCIFD_REPLACE): takes struct zpcifd_attach and moves an attached
 * function to another DMA address space in one step. EINVAL when the function
 * is not attached.
 */
#define ZPCIFD_REPLACE _IO(ZPCIFD_TYPE, ZPCIFD_CMD_REPLACE)

/**
 * struct zpcifd_detach - ioctl(ZPCIFD_DETACH)
 * @size: sizeof(struct zpcifd_detach)
 * @flags: Must be 0
 *
 * Stops the function from mastering the bus and takes its DMA address space
 * away. EINVAL when the function is not attached.
 */
struct zpcifd_detach {
	__u32 size;
	__u32 flags;
};

#define ZPCIFD_DETACH _IO(ZPCIFD_TYPE, ZPCIFD_CMD_DETACH)

/**
 * enum zpcifd_ring_flags - How a ring works
 * @ZPCIFD_RING_SQPOLL: A kernel thread takes descriptors from the submission
 *	queue, so that no system call is needed. When it has found nothing to do
 *	for a while, it sets ZPCIFD_RING_NEED_WAKEUP and sleeps.
 * @ZPCIFD_RING_SQ_AFF: The thread runs on @sq_thread_cpu only
 * @ZPCIFD_RING_EVENTFD: @eventfd is signalled when a submission has added
 *	completions, and once when the ring ends
 */
enum zpcifd_ring_flags {
	ZPCIFD_RING_SQPOLL = 1 << 0,
	ZPCIFD_RING_SQ_AFF = 1 << 1,
	ZPCIFD_RING_EVENTFD = 1 << 2,
};

/**
 * struct zpcifd_ring_window - A place that a ring may touch
 * @offset: First byte in the address space
 * @len: Length in bytes, not 0
 * @opcodes: Bit n allows opcode n of enum zpcifd_opcode; not 0
 * @as: Address space
 * @__reserved: Must be 0
 */
struct zpcifd_ring_window {
	__aligned_u64 offset;
	__aligned_u64 len;
	__u32 opcodes;
	__u8 as;
	__u8 __reserved[3];
};

/**
 * struct zpcifd_ring_create - ioctl(ZPCIFD_RING_CREATE)
 * @size: sizeof(struct zpcifd_ring_create)
 * @flags: Bits of enum zpcifd_ring_flags
 * @sq_entries: Submission queue entries, a power of two up to
 *	&struct zpcifd_info.out_max_sq_entries
 * @cq_entries: Completion queue entries, a power of two from @sq_entries up to
 *	&struct zpcifd_info.out_max_cq_entries, or 0 for @sq_entries
 * @data_len: Bytes of the data area, a multiple of 4096 up to
 *	&struct zpcifd_info.out_max_data_len; may be 0
 * @out_fd: The ring's file descriptor, close-on-exec
 * @out_sq_offset: Offset of the submission queue in the mapping
 * @out_cq_offset: Offset of the completion queue in the mapping
 * @out_data_offset: Offset of the data area in the mapping
 * @out_mmap_len: Bytes to map with mmap(), shared, from offset 0
 * @sq_thread_cpu: With ZPCIFD_RING_SQ_AFF: the CPU, one that the caller may use
 * @sq_thread_idle: With ZPCIFD_RING_SQPOLL: milliseconds without work after
 *	which the thread sleeps, up to 1000; 0 for 1
 * @eventfd: With ZPCIFD_RING_EVENTFD: an eventfd
 * @nr_windows: Number of @windows; 0: the ring may touch all that the owner may
 * @windows: Pointer to struct zpcifd_ring_window. A descriptor must lie in one
 *	of them, beside obeying all other rules.
 *
 * The mapping starts with struct zpcifd_ring_header. The ring's memory is
 * charged to the caller. Fields without their flag, and @windows without
 * @nr_windows, must be 0.
 *
 * Errors beyond the general ones: EPERM when the administrator forbids
 * ZPCIFD_RING_SQPOLL; EBADF when @eventfd is not open, and EINVAL when it is not
 * an eventfd; EMFILE.
 */
struct zpcifd_ring_create {
	__u32 size;
	__u32 flags;
	__u32 sq_entries;
	__u32 cq_entries;
	__u32 data_len;
	__s32 out_fd;
	__u32 out_sq_offset;
	__u32 out_cq_offset;
	__u32 out_data_offset;
	__u32 out_mmap_len;
	__u32 sq_thread_cpu;
	__u32 sq_thread_idle;
	__s32 eventfd;
	__u32 nr_windows;
	__aligned_u64 windows;
};

#define ZPCIFD_RING_CREATE _IO(ZPCIFD_TYPE, ZPCIFD_CMD_RING_CREATE)

/**
 * enum zpcifd_irq_type - Kinds of interrupts
 * @ZPCIFD_IRQ_MSI: Vectors of the MSI capability
 * @ZPCIFD_IRQ_MSIX: Vectors of the MSI-X capability
 */
enum zpcifd_irq_type {
	ZPCIFD_IRQ_MSI = 0,
	ZPCIFD_IRQ_MSIX = 1,
};

/**
 * enum zpcifd_irq_flags - What ZPCIFD_IRQ_SET does
 * @ZPCIFD_IRQ_TRIGGER: Signal the vectors' eventfds as if the function had
 *	raised them; for tests
 */
enum zpcifd_irq_flags {
	ZPCIFD_IRQ_TRIGGER = 1 << 0,
};

/**
 * struct zpcifd_irq_set - ioctl(ZPCIFD_IRQ_SET)
 * @size: sizeof(struct zpcifd_irq_set)
 * @flags: Bits of enum zpcifd_irq_flags
 * @type: enum zpcifd_irq_type
 * @first: First vector
 * @count: Number of vectors
 * @__reserved: Must be 0
 * @eventfds: Pointer to @count file descriptors of type __s32, one for each
 *	vector: an eventfd, or -1 for none. Must be 0 with ZPCIFD_IRQ_TRIGGER.
 *
 * Wires vectors to eventfds, or parts them; the other vectors are not
 * disturbed. An interrupt is never lost while a vector goes from one eventfd
 * to another. On any error nothing has changed.
 *
 * Interrupts of @type are on while at least one vector is wired. When the
 * function goes away, every wired eventfd is signalled once more, so that whoever
 * waits finds out.
 *
 * Errors beyond the general ones: EINVAL when the function has no interrupts
 * of @type or not that many, or when a vector of the other type is wired;
 * ENOSPC when the platform cannot give that many; EBADF when a file descriptor
 * is not open, and EINVAL when it is not an eventfd.
 */
struct zpcifd_irq_set {
	__u32 size;
	__u32 flags;
	__u32 type;
	__u32 first;
	__u32 count;
	__u32 __reserved;
	__aligned_u64 eventfds;
};

#define ZPCIFD_IRQ_SET _IO(ZPCIFD_TYPE, ZPCIFD_CMD_IRQ_SET)

/**
 * struct zpcifd_reset - ioctl(ZPCIFD_RESET)
 * @size: sizeof(struct zpcifd_reset)
 * @flags: Must be 0
 *
 * Resets the function. Its DMA address space, interrupts and rings stay.
 * Instructions that are issued meanwhile may meet condition code 1 or 3.
 *
 * Errors beyond the general ones: EBUSY when the platform was busy with the
 * function for too long, EIO when it could not reset it.
 */
struct zpcifd_reset {
	__u32 size;
	__u32 flags;
};

#define ZPCIFD_RESET _IO(ZPCIFD_TYPE, ZPCIFD_CMD_RESET)

/*
 * ioctl(ZPCIFD_RING_ENTER) on a ring's file descriptor: takes the largest
 * number of descriptors to run as the argument itself, as it is the one call
 * that is made often, runs them in the caller and returns how many it took
 * from the submission queue.
 *
 * It takes fewer than asked for when the submission queue is empty, the
 * completion queue is full, or a fatal signal is pending. Errors, with nothing
 * taken: EINVAL when the argument is above 2^31 - 1, when sq_tail is more than
 * sq_entries ahead of sq_head, or when cq_head is not within cq_entries behind
 * cq_tail; EINTR on a fatal signal; ENODEV when the function has lost its
 * owner or is gone.
 *
 * On a ring with ZPCIFD_RING_SQPOLL it wakes the thread and returns 0.
 */
#define ZPCIFD_RING_ENTER _IO(ZPCIFD_TYPE, ZPCIFD_CMD_RING_ENTER)

/**
 * struct zpcifd_uring_enter - Payload of IORING_OP_URING_CMD on a ring
 * @count: As the argument of ioctl(ZPCIFD_RING_ENTER)
 * @__reserved: Must be 0
 *
 * With cmd_op ZPCIFD_RING_ENTER an io_uring submits a batch as one request. The
 * result is that of the ioctl.
 */
struct zpcifd_uring_enter {
	__u32 count;
	__u32 __reserved;
};

/**
 * enum zpcifd_ring_header_flags - What the kernel tells of a ring
 * @ZPCIFD_RING_NEED_WAKEUP: The thread sleeps, or has ended with the ring: call
 *	ZPCIFD_RING_ENTER after adding descriptors, or after making room for
 *	completions that descriptors wait for. Look at it after a full barrier
 *	behind the store to @sq_tail or @cq_head.
 */
enum zpcifd_ring_header_flags {
	ZPCIFD_RING_NEED_WAKEUP = 1 << 0,
};

/**
 * struct zpcifd_ring_header - Start of a ring's mapping
 * @sq_head: Next submission queue entry that the kernel takes
 * @cq_tail: Next completion queue entry that the kernel fills
 * @flags: Bits of enum zpcifd_ring_header_flags
 * @__reserved1: 0
 * @sq_tail: Next submission queue entry that user space fills
 * @cq_head: Next completion queue entry that user space takes
 * @__reserved2: 0
 *
 * All four count freely through 2^32; the entry is the counter modulo the
 * queue's length. The kernel writes @sq_head, @cq_tail and @flags, user space
 * writes @sq_tail and @cq_head, nobody anything else.
 *
 * User space fills entries, then stores @sq_tail with release; it loads
 * @cq_tail with acquire before it reads entries. It stores @cq_head with
 * release after it has read them. The kernel does the same on its side, so
 * an entry before @sq_head may be written again as soon as @sq_head was loaded
 * with acquire.
 */
struct zpcifd_ring_header {
	__u32 sq_head;
	__u32 cq_tail;
	__u32 flags;
	__u32 __reserved1[61];
	__u32 sq_tail;
	__u32 cq_head;
	__u32 __reserved2[62];
};

/**
 * enum zpcifd_sqe_flags - How a descriptor runs
 * @ZPCIFD_SQE_LINK: The next descriptor belongs to the same chain. When one
 *	fails, the rest of the chain is not issued and completes with
 *	-ECANCELED. Chains of one function do not interleave. A chain ends with
 *	the first descriptor without this flag, or with the submission; one
 *	that was refused for its length ends with that descriptor only.
 * @ZPCIFD_SQE_BUSY_RETURN: Report condition code 2 at once instead of trying
 *	again for a bounded time.
 * @ZPCIFD_SQE_SKIP_SUCCESS: No completion when @res would be 0
 */
enum zpcifd_sqe_flags {
	ZPCIFD_SQE_LINK = 1 << 0,
	ZPCIFD_SQE_BUSY_RETURN = 1 << 1,
	ZPCIFD_SQE_SKIP_SUCCESS = 1 << 2,
};

/**
 * struct zpcifd_sqe - Submission queue entry: a descriptor of one instruction
 * @opcode: enum zpcifd_opcode
 * @flags: Bits of enum zpcifd_sqe_flags
 * @as: Address space: a BAR, 0 to 5, or ZPCIFD_AS_CONFIG
 * @__reserved: Must be 0
 * @len: Length in bytes
 * @offset: Offset in the address space in bytes
 * @data: PCISTG: the value to store, right-aligned, in host byte order
 * @payload: PCISTB: offset of the bytes to store in the ring's data area
 * @user_data: Returned in the completion
 *
 * The kernel reads an entry once.
 */
struct zpcifd_sqe {
	__u8 opcode;
	__u8 flags;
	__u8 as;
	__u8 __reserved;
	__u32 len;
	__aligned_u64 offset;
	union {
		__aligned_u64 data;
		__aligned_u64 payload;
	};
	__aligned_u64 user_data;
};

/**
 * enum zpcifd_cqe_flags - What a completion tells beside @res
 * @ZPCIFD_CQE_ISSUED: The instruction was issued. Without it the descriptor
 *	was refused or canceled, and @cc and @status say nothing.
 * @ZPCIFD_CQE_PGM_CHECK: The instruction met a program check; @cc and @status
 *	say nothing.
 * @ZPCIFD_CQE_MSIX: The descriptor was refused because it overlaps the MSI-X
 *	table or pending bit array, which the kernel owns.
 */
enum zpcifd_cqe_flags {
	ZPCIFD_CQE_ISSUED = 1 << 0,
	ZPCIFD_CQE_PGM_CHECK = 1 << 1,
	ZPCIFD_CQE_MSIX = 1 << 2,
};

/**
 * struct zpcifd_cqe - Completion queue entry
 * @user_data: From the descriptor
 * @data: PCILG with @res 0: the value loaded, right-aligned, in host byte
 *	order; else 0
 * @res: 0, or a negative errno: see below
 * @cc: Condition code of the instruction, 0 to 3
 * @status: Status of the instruction, meaningful with condition code 1
 * @flags: Bits of enum zpcifd_cqe_flags
 * @retries: How often the instruction was issued again after condition code 2
 * @msix_entry: With ZPCIFD_CQE_MSIX: the first entry of the MSI-X table that
 *	the descriptor overlaps, or ~0 if it overlaps the pending bit array
 *	only
 *
 * @res of an issued instruction: 0 for condition code 0, -EIO for 1, -EBUSY
 * for 2, -ENODEV for 3, -ENXIO for a program check.
 *
 * @res of a descriptor that was not issued:
 *
 *  - EINVAL: opcode, flags, address space or reserved field unknown, or a
 *    length or alignment that the architecture answers with a program check
 *  - EFAULT: the payload is not inside one 4 KiB page of the data area
 *  - ERANGE: past the end of the address space
 *  - EACCES: the relay guards this place, see ZPCIFD_CQE_MSIX; a store to
 *    config space that is not on the allow list; or outside the ring's windows
 *  - ECANCELED: an earlier descriptor of the chain failed
 *  - E2BIG: first descriptor of a chain that is longer than
 *    &struct zpcifd_info.out_max_chain
 */
struct zpcifd_cqe {
	__aligned_u64 user_data;
	__aligned_u64 data;
	__s32 res;
	__u8 cc;
	__u8 status;
	__u16 flags;
	__u32 retries;
	__u32 msix_entry;
};

#endif /* _UAPI_LINUX_ZPCIFD_H */
