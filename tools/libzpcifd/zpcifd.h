/* SPDX-License-Identifier: MIT */
/*
 * libzpcifd: zPCI functions from user space
 */
#ifndef ZPCIFD_H
#define ZPCIFD_H

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/zpcifd.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: libzpcifd
 *
 * A program opens a function, binds it to an iommufd, which makes it the
 * function's one owner, creates rings, and puts descriptors of instructions
 * into them::
 *
 *	struct zpcifd *f;
 *	struct zpcifd_ring r;
 *	uint64_t value;
 *
 *	if (zpcifd_open("zpci0", &f) ||
 *	    zpcifd_bind(f, -1) ||
 *	    zpcifd_ring_create(f, &r, 64, 0, 4096))
 *		errx(1, "%s", zpcifd_strerror(f));
 *	zpcifd_load(&r, ZPCIFD_AS_CONFIG, 0, 2, &value);
 *
 * Return values: functions that return int return 0 (or a count, where said)
 * or a negative errno. zpcifd_strerror() then has a sentence that names the
 * function, the operation, the error and what to do about it. The result of an
 * instruction is no failure of the library: zpcifd_cqe_str() puts it into
 * words.
 *
 * Threads: the library has no state but its objects and, for failures without
 * an object, one text per thread. Different functions and different rings may
 * be used by different threads at once. One function (&struct zpcifd) is for
 * one thread at a time. One ring has two sides: submission (get_sqe, submit)
 * and completion (peek_cqe, cq_advance); each side is for one thread at a time
 * and the two may be different threads. The synchronous calls (sync, load,
 * store, block, config_read, find_capability) use both sides.
 *
 * Byte order: the data of PCILG and PCISTG are numbers, the same on every
 * architecture. The function's byte at the lowest address is the most
 * significant one. Registers that PCI defines, config space and most BARs, are
 * little-endian: zpcifd_le() converts both ways.
 */

/* Functions */

struct zpcifd;

/**
 * zpcifd_open - Open a function
 * @name: "zpci0", "/dev/zpci/zpci0", "fid:0x1a", "uid:0x7", or a PCI address
 *	as "0001:00:00.0". Numbers are decimal, or hexadecimal with 0x.
 * @f: Out: the function, or NULL
 *
 * Any number of processes may open a function: only zpcifd_bind() claims it.
 *
 * Return: 0; -EINVAL for a name of no known form; -ENOENT when there is no such
 * function; -EBUSY when a uid fits several; the errno of open() otherwise.
 */
int zpcifd_open(const char *name, struct zpcifd **f);

/**
 * zpcifd_close - Close a function
 * @f: The function, or NULL
 *
 * Undoes zpcifd_bind() and resets the function if @f is its owner. Its rings
 * answer -ENODEV from then on; they are destroyed on their own, before or
 * after.
 */
void zpcifd_close(struct zpcifd *f);

/**
 * zpcifd_strerror - What went wrong
 * @f: The function that the failed call was given, or NULL for a call that had
 *	none, or for zpcifd_open()
 *
 * Return: the text of the last failure, "" if there was none. Valid until the
 * next call with @f, or of this thread for NULL.
 */
const char *zpcifd_strerror(const struct zpcifd *f);

/**
 * zpcifd_name - Name of the function: "zpci0"
 * @f: The function
 *
 * Return: "zpci0", valid until zpcifd_close()
 */
const char *zpcifd_name(const struct zpcifd *f);

/**
 * zpcifd_fd - File descriptor of the function, for ioctls of your own
 * @f: The function
 *
 * Return: it, which stays the library's
 */
int zpcifd_fd(const struct zpcifd *f);

/**
 * zpcifd_info - What the kernel tells of the function
 * @f: The function
 *
 * Asked in zpcifd_open() and, as it tells the page sizes of the DMA address space
 * as well, in zpcifd_attach(), zpcifd_replace() and zpcifd_detach(). What an older
 * kernel does not tell is 0.
 *
 * Return: what ZPCIFD_INFO answered, valid until zpcifd_close()
 */
const struct zpcifd_info *zpcifd_info(const struct zpcifd *f);

/**
 * zpcifd_bind - Become the function's one owner
 * @f: The function
 * @iommufd: File descriptor of /dev/iommu, which stays the caller's; or -1: the
 *	library opens one and closes it in zpcifd_close()
 *
 * The function is enabled and reset.
 *
 * Return: 0; -EBUSY when the function has an owner; other errnos as of
 * ZPCIFD_BIND_IOMMUFD and of opening /dev/iommu.
 */
int zpcifd_bind(struct zpcifd *f, int iommufd);

/**
 * zpcifd_iommufd - The iommufd that the function is bound to, or -1
 * @f: The function
 *
 * Return: its file descriptor, or -1
 */
int zpcifd_iommufd(const struct zpcifd *f);

/**
 * zpcifd_devid - ID of the bound function in its iommufd
 * @f: A bound function
 *
 * Return: the ID
 */
uint32_t zpcifd_devid(const struct zpcifd *f);

/* DMA */

/**
 * zpcifd_ioas_alloc - Allocate a DMA address space in the function's iommufd
 * @f: A bound function
 * @ioas_id: Out: its ID
 *
 * Where the kernel chooses DMA addresses in it, they are in the range that @f
 * can use: &struct zpcifd_info.out_start_dma to out_end_dma.
 *
 * Return: 0; -ENOTCONN before zpcifd_bind(); the errno of IOMMU_IOAS_ALLOC
 * otherwise.
 */
int zpcifd_ioas_alloc(struct zpcifd *f, uint32_t *ioas_id);

/**
 * zpcifd_attach - Give the function a DMA address space
 * @f: A bound function
 * @pt_id: In: ID of the address space or page table. Out: ID of the page table
 *	in use.
 *
 * The function may master the bus from here on.
 *
 * Return: 0, or an errno of ZPCIFD_ATTACH
 */
int zpcifd_attach(struct zpcifd *f, uint32_t *pt_id);

/**
 * zpcifd_replace - As zpcifd_attach(), for a function that is attached
 * @f: A function that is attached
 * @pt_id: As of zpcifd_attach()
 *
 * Return: 0, or an errno of ZPCIFD_REPLACE
 */
int zpcifd_replace(struct zpcifd *f, uint32_t *pt_id);

/**
 * zpcifd_detach - Take the function's DMA address space away
 * @f: A function that is attached
 *
 * Return: 0, or an errno of ZPCIFD_DETACH
 */
int zpcifd_detach(struct zpcifd *f);

/**
 * enum zpcifd_dma_flags - How memory is mapped for DMA
 * @ZPCIFD_DMA_FIXED: Map at a given DMA address, not where the kernel chooses
 * @ZPCIFD_DMA_WRITE: The function may write to the memory
 * @ZPCIFD_DMA_READ: The function may read from the memory
 *
 * The values are those of enum iommufd_ioas_map_flags.
 */
enum zpcifd_dma_flags {
	ZPCIFD_DMA_FIXED = 1 << 0,
	ZPCIFD_DMA_WRITE = 1 << 1,
	ZPCIFD_DMA_READ = 1 << 2,
};

/**
 * zpcifd_dma_map - Map memory into a DMA address space
 * @f: A bound function
 * @ioas_id: The address space
 * @addr: The memory, page aligned
 * @len: Its length in bytes, whole pages
 * @flags: Bits of enum zpcifd_dma_flags
 * @iova: Out: DMA address of the memory; in as well with ZPCIFD_DMA_FIXED
 *
 * Return: 0; -ENOTCONN before zpcifd_bind(); the errno of IOMMU_IOAS_MAP
 * otherwise.
 */
int zpcifd_dma_map(struct zpcifd *f, uint32_t ioas_id, void *addr, size_t len,
		   unsigned int flags, uint64_t *iova);

/**
 * zpcifd_dma_unmap - Undo zpcifd_dma_map()
 * @f: A bound function
 * @ioas_id: The address space
 * @iova: DMA address of the memory
 * @len: Its length in bytes
 *
 * Return: 0; -ENOENT when that is not mapped as a whole; the errno of IOMMU_IOAS_UNMAP
 * otherwise
 */
int zpcifd_dma_unmap(struct zpcifd *f, uint32_t ioas_id, uint64_t iova,
		     size_t len);

/* Interrupts */

/**
 * zpcifd_irq_set - Wire interrupt vectors to eventfds, or part them
 * @f: A bound function
 * @type: MSI or MSI-X, of which &struct zpcifd_info tells how many there are
 * @first: First vector
 * @count: How many
 * @fds: An eventfd for each of them, or -1 for none. They stay the caller's,
 *	which may close them: the kernel keeps what is wired.
 *
 * Other vectors are not disturbed, and no interrupt is lost when a vector gets
 * another eventfd.
 *
 * Return: 0, or an errno of ZPCIFD_IRQ_SET with nothing changed
 */
int zpcifd_irq_set(struct zpcifd *f, enum zpcifd_irq_type type, uint32_t first,
		   uint32_t count, const int *fds);

/**
 * zpcifd_irq_trigger - Signal eventfds as if the function had, for tests
 * @f: A bound function
 * @type: As of zpcifd_irq_set()
 * @first: First vector
 * @count: How many; those that are not wired are left out
 *
 * Return: 0, or an errno of ZPCIFD_IRQ_SET
 */
int zpcifd_irq_trigger(struct zpcifd *f, enum zpcifd_irq_type type,
		       uint32_t first, uint32_t count);

/* Rings */

/**
 * struct zpcifd_ring - A ring and this process's view of its counters
 * @hdr: Counters shared with the kernel
 * @sqes: Submission queue
 * @sq_tail: Descriptors handed to the ring, filled or about to be
 * @sq_head: Descriptors known to be taken by the kernel
 * @sq_entries: Length of the submission queue, a power of two
 * @cq_entries: Length of the completion queue, a power of two
 * @sq_mask: @sq_entries - 1
 * @cq_mask: @cq_entries - 1
 * @cqes: Completion queue
 * @cq_head: Completions that were reaped
 * @cq_tail: Completions known to be there
 * @fd: The ring's file descriptor: poll() it for completions
 * @data: Data area, page aligned; NULL when it has no bytes
 * @layout: What ZPCIFD_RING_CREATE answered; for zpcifd_ring_from_fd() in
 *	another process
 *
 * Read all of it as you like, change nothing. The fields of the two sides are
 * apart, as they may belong to two threads.
 */
struct zpcifd_ring {
	struct zpcifd_ring_header *hdr;
	struct zpcifd_sqe *sqes;
	uint32_t sq_tail;
	uint32_t sq_head;
	uint32_t sq_entries;
	uint32_t cq_entries;
	uint32_t sq_mask;
	uint32_t cq_mask;
	struct zpcifd_cqe *cqes;
	uint32_t cq_head;
	uint32_t cq_tail;
	int fd;
	void *data;
	struct zpcifd_ring_create layout;
};

/**
 * zpcifd_ring_create - Create a ring
 * @f: A bound function
 * @r: Out: the ring
 * @sq_entries: Submission queue entries, a power of two
 * @cq_entries: Completion queue entries, a power of two, not less than
 *	@sq_entries; or 0 for the same
 * @data_len: Bytes of the data area, whole pages of 4096; 0 for a ring without
 *	PCISTB
 *
 * Return: 0, or a negative errno with @r as zpcifd_ring_destroy() leaves it.
 */
int zpcifd_ring_create(struct zpcifd *f, struct zpcifd_ring *r,
		       uint32_t sq_entries, uint32_t cq_entries,
		       uint32_t data_len);

/**
 * zpcifd_ring_setup - Create a ring with all that ZPCIFD_RING_CREATE offers
 * @f: A bound function
 * @r: Out: the ring
 * @want: What to create; the library fills in @size. @cq_entries 0 stands for
 *	as many as @sq_entries.
 *
 * Return: as zpcifd_ring_create()
 */
int zpcifd_ring_setup(struct zpcifd *f, struct zpcifd_ring *r,
		      const struct zpcifd_ring_create *want);

/**
 * zpcifd_ring_from_fd - Use a ring that another process has created
 * @r: Out: the ring
 * @fd: The ring's file descriptor. The ring owns it from here on if the call
 *	succeeds.
 * @layout: The creator's &struct zpcifd_ring.layout
 *
 * The creator must not use the ring any more, except to destroy it.
 *
 * Return: 0; -EINVAL for a layout that is not possible; the errno of mmap()
 * otherwise.
 */
int zpcifd_ring_from_fd(struct zpcifd_ring *r, int fd,
			const struct zpcifd_ring_create *layout);

/**
 * zpcifd_ring_destroy - Unmap and close a ring; does nothing the second time
 * @r: The ring
 */
void zpcifd_ring_destroy(struct zpcifd_ring *r);

/**
 * zpcifd_ring_get_sqe - Get the next free submission queue entry
 * @r: The ring
 *
 * Fill it with zpcifd_prep_load(), zpcifd_prep_store() or zpcifd_prep_block(),
 * which set every field. It is run by the next zpcifd_ring_submit().
 *
 * Return: the entry, or NULL when the submission queue is full.
 */
static inline struct zpcifd_sqe *zpcifd_ring_get_sqe(struct zpcifd_ring *r)
{
	if (r->sq_tail - r->sq_head == r->sq_entries) {
		r->sq_head = __atomic_load_n(&r->hdr->sq_head, __ATOMIC_ACQUIRE);
		if (r->sq_tail - r->sq_head == r->sq_entries)
			return NULL;
	}
	return &r->sqes[r->sq_tail++ & r->sq_mask];
}

/**
 * zpcifd_ring_sq_span - Get free submission queue entries that lie side by side
 * @r: The ring
 * @n: In: how many are wanted. Out: how many there are, up to the end of the
 *	queue's memory at most; 0 when the submission queue is full
 *
 * Fill them from the first on, then give them to the ring together with one
 * zpcifd_ring_sq_advance(), and call again for more: for a batch this costs less
 * than zpcifd_ring_get_sqe() for each.
 *
 * Return: the first of them
 */
static inline struct zpcifd_sqe *zpcifd_ring_sq_span(struct zpcifd_ring *r,
						     uint32_t *n)
{
	uint32_t first = r->sq_tail & r->sq_mask;
	uint32_t room = r->sq_entries - (r->sq_tail - r->sq_head);

	if (*n > room) {
		r->sq_head = __atomic_load_n(&r->hdr->sq_head, __ATOMIC_ACQUIRE);
		room = r->sq_entries - (r->sq_tail - r->sq_head);
	}
	if (room > r->sq_entries - first)
		room = r->sq_entries - first;
	if (*n > room)
		*n = room;
	return &r->sqes[first];
}

/**
 * zpcifd_ring_sq_advance - Put filled entries into the submission queue
 * @r: The ring
 * @n: How many, from the first free one; not more than zpcifd_ring_sq_span() told
 */
static inline void zpcifd_ring_sq_advance(struct zpcifd_ring *r, uint32_t n)
{
	r->sq_tail += n;
}

/**
 * zpcifd_ring_submit - Run what is in the submission queue
 * @r: The ring
 *
 * On a ring with ZPCIFD_RING_SQPOLL: hands it to the ring's thread, with a system
 * call only when the thread sleeps.
 *
 * Return: the number of descriptors that the kernel took. It is less than what
 * was in the queue when the completion queue is full: reap, then submit again.
 * With ZPCIFD_RING_SQPOLL: the number that was handed over.
 * A negative errno when it took none because of an error: -ENODEV when the
 * function is gone or has lost its owner.
 */
int zpcifd_ring_submit(struct zpcifd_ring *r);

/**
 * zpcifd_ring_peek_cqe - Look at the next completion
 * @r: The ring
 *
 * Return: the completion, valid until zpcifd_ring_cq_advance(); or NULL when
 * there is none.
 */
static inline struct zpcifd_cqe *zpcifd_ring_peek_cqe(struct zpcifd_ring *r)
{
	if (r->cq_head == r->cq_tail) {
		r->cq_tail = __atomic_load_n(&r->hdr->cq_tail, __ATOMIC_ACQUIRE);
		if (r->cq_head == r->cq_tail)
			return NULL;
	}
	return &r->cqes[r->cq_head & r->cq_mask];
}

/**
 * zpcifd_ring_cq_span - Look at completions that lie side by side
 * @r: The ring
 * @n: In: how many are wanted. Out: how many there are, up to the end of the
 *	queue's memory at most; 0 when there is none
 *
 * Give them back together with one zpcifd_ring_cq_advance(), and call again for
 * more.
 *
 * Return: the first of them, valid until zpcifd_ring_cq_advance()
 */
static inline struct zpcifd_cqe *zpcifd_ring_cq_span(struct zpcifd_ring *r,
						     uint32_t *n)
{
	uint32_t first = r->cq_head & r->cq_mask;
	uint32_t ready = r->cq_tail - r->cq_head;

	if (*n > ready) {
		r->cq_tail = __atomic_load_n(&r->hdr->cq_tail, __ATOMIC_ACQUIRE);
		ready = r->cq_tail - r->cq_head;
	}
	if (ready > r->cq_entries - first)
		ready = r->cq_entries - first;
	if (*n > ready)
		*n = ready;
	return &r->cqes[first];
}

/**
 * zpcifd_ring_cq_advance - Give completions back to the kernel
 * @r: The ring
 * @n: How many, from the oldest; not more than were seen
 */
static inline void zpcifd_ring_cq_advance(struct zpcifd_ring *r, uint32_t n)
{
	r->cq_head += n;
	__atomic_store_n(&r->hdr->cq_head, r->cq_head, __ATOMIC_RELEASE);
}

/**
 * zpcifd_ring_data - The ring's data area, for payloads of PCISTB
 * @r: The ring
 *
 * Return: the start of the area, NULL when it has no bytes
 */
static inline void *zpcifd_ring_data(const struct zpcifd_ring *r)
{
	return r->data;
}

/* Descriptors */

static inline void zpcifd_prep(struct zpcifd_sqe *sqe, uint8_t opcode,
			       uint8_t as, uint64_t offset, uint32_t len,
			       uint64_t data)
{
	/* One store, as compilers do not merge it with a length that is no constant */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	uint64_t head = (uint64_t)opcode << 56 | (uint64_t)as << 40 | len;
#else
	uint64_t head = opcode | (uint64_t)as << 16 | (uint64_t)len << 32;
#endif

	__builtin_memcpy(sqe, &head, sizeof(head));
	sqe->offset = offset;
	sqe->data = data;
	sqe->user_data = 0;
}

/**
 * zpcifd_prep_load - PCILG
 * @sqe: The entry to fill
 * @as: Address space: a BAR, 0 to 5, or ZPCIFD_AS_CONFIG
 * @offset: Offset in the address space in bytes
 * @len: Length in bytes: in a BAR 1 to 8, not across a multiple of 8; in
 *	config space 1, 2 or 4, not across a multiple of 4
 */
static inline void zpcifd_prep_load(struct zpcifd_sqe *sqe, uint8_t as,
				    uint64_t offset, uint32_t len)
{
	zpcifd_prep(sqe, ZPCIFD_OP_PCILG, as, offset, len, 0);
}

/**
 * zpcifd_prep_store - PCISTG
 * @sqe: The entry to fill
 * @as: As of zpcifd_prep_load()
 * @offset: As of zpcifd_prep_load()
 * @len: As of zpcifd_prep_load()
 * @value: The number to store
 */
static inline void zpcifd_prep_store(struct zpcifd_sqe *sqe, uint8_t as,
				     uint64_t offset, uint32_t len,
				     uint64_t value)
{
	zpcifd_prep(sqe, ZPCIFD_OP_PCISTG, as, offset, len, value);
}

/**
 * zpcifd_prep_block - PCISTB
 * @sqe: The entry to fill
 * @as: Address space: a BAR, 0 to 5
 * @offset: Offset in the address space, a multiple of 8
 * @len: Length in bytes, a multiple of 8, more than 8, up to
 *	&struct zpcifd_info.out_maxstbl; not across a 4 KiB page
 * @payload: Offset of the bytes in the ring's data area, a multiple of 8; not
 *	across a 4 KiB page
 *
 * A function with ZPCIFD_FEATURE_RELAXED takes any alignment and any length.
 */
static inline void zpcifd_prep_block(struct zpcifd_sqe *sqe, uint8_t as,
				     uint64_t offset, uint32_t len,
				     uint64_t payload)
{
	zpcifd_prep(sqe, ZPCIFD_OP_PCISTB, as, offset, len, payload);
}

/**
 * zpcifd_sqe_set_data - Set what the descriptor's completion returns
 * @sqe: The descriptor, prepared
 * @data: Any number
 */
static inline void zpcifd_sqe_set_data(struct zpcifd_sqe *sqe, uint64_t data)
{
	sqe->user_data = data;
}

/**
 * zpcifd_le - Convert between a number and a little-endian register
 * @value: What PCILG loaded, or the number to store
 * @len: The length of the register in bytes, 1 to 8
 *
 * Return: the number that the little-endian register holds, or what PCISTG has
 * to store so that it holds it.
 */
static inline uint64_t zpcifd_le(uint64_t value, unsigned int len)
{
	return __builtin_bswap64(value) >> (8 * (8 - len));
}

/* One instruction at a time */

/**
 * zpcifd_ring_enter - ioctl(ZPCIFD_RING_ENTER), for loops of your own
 * @r: The ring
 * @count: How many descriptors to run at most
 *
 * Changes nothing in @r and nothing in the ring's memory.
 *
 * Return: what the ioctl returned, or its errno as a negative number
 */
int zpcifd_ring_enter(const struct zpcifd_ring *r, uint32_t count);

/* The same; the C library's way by errno takes as long as the rest of a submission */
static inline int __zpcifd_ring_enter(const struct zpcifd_ring *r, uint32_t count)
{
#if defined(__NR_s390_pci_mmio_read) && !defined(__cplusplus) /* s390 */
	register long r2 __asm__("2") = r->fd;
	register unsigned long r3 __asm__("3") = ZPCIFD_RING_ENTER;
	register unsigned long r4 __asm__("4") = count;

	__asm__ __volatile__("svc %b[nr]"
			     : "+d" (r2)
			     : "d" (r3), "d" (r4), [nr] "i" (__NR_ioctl)
			     : "cc", "memory");
	return r2;
#else
	return zpcifd_ring_enter(r, count);
#endif
}

/**
 * zpcifd_sync - Run one descriptor and wait for its completion
 * @r: The ring, with nothing in its queues
 * @sqe: The descriptor; neither ZPCIFD_SQE_LINK nor ZPCIFD_SQE_SKIP_SUCCESS
 * @cqe: Out: its completion
 *
 * Return: &struct zpcifd_cqe.res, which see. Or, with @cqe all zeros but res,
 * -EINVAL for a flag that cannot be used here, -EAGAIN when the ring has
 * something in its queues, or an errno of zpcifd_ring_submit().
 */
int zpcifd_sync(struct zpcifd_ring *r, const struct zpcifd_sqe *sqe,
		struct zpcifd_cqe *cqe);

/* Parts of __zpcifd_run(), not to be called otherwise */
int zpcifd_run_slow(struct zpcifd_ring *r, uint8_t opcode, uint8_t as, uint64_t offset,
		    uint32_t len, uint64_t data, uint64_t *value);
int zpcifd_run_fail(struct zpcifd_ring *r, int ret, uint64_t *value);

/*
 * Runs one descriptor. What takes more than the one system call, and every
 * error, is left to zpcifd_run_slow().
 */
static inline int __zpcifd_run(struct zpcifd_ring *r, uint8_t opcode, uint8_t as,
			       uint64_t offset, uint32_t len, uint64_t data,
			       uint64_t *value)
{
	struct zpcifd_ring_header *hdr = r->hdr;
	uint32_t tail = r->sq_tail, head = r->cq_head;
	const struct zpcifd_cqe *cqe;
	int res;

	if (__builtin_expect(r->layout.flags & ZPCIFD_RING_SQPOLL || tail != r->sq_head ||
			     __atomic_load_n(&hdr->cq_tail, __ATOMIC_ACQUIRE) != head, 0))
		return zpcifd_run_slow(r, opcode, as, offset, len, data, value);

	zpcifd_prep(&r->sqes[tail & r->sq_mask], opcode, as, offset, len, data);
	r->sq_tail = ++tail;
	__atomic_store_n(&hdr->sq_tail, tail, __ATOMIC_RELEASE);
	res = __zpcifd_ring_enter(r, 1);
	if (__builtin_expect(res != 1, 0))
		return zpcifd_run_fail(r, res, value);
	r->sq_head = tail;

	/* What was taken has completed, and nothing else has */
	cqe = &r->cqes[head & r->cq_mask];
	*value = cqe->data;
	res = cqe->res;
	r->cq_head = ++head;
	__atomic_store_n(&hdr->cq_head, head, __ATOMIC_RELEASE);
	r->cq_tail = head;
	return res;
}

/**
 * zpcifd_load - PCILG by zpcifd_sync()
 * @r: The ring, with nothing in its queues
 * @as: As of zpcifd_prep_load()
 * @offset: As of zpcifd_prep_load()
 * @len: As of zpcifd_prep_load()
 * @value: Out: the number loaded, 0 on failure
 *
 * Return: as zpcifd_sync()
 */
static inline int zpcifd_load(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
			      uint32_t len, uint64_t *value)
{
	return __zpcifd_run(r, ZPCIFD_OP_PCILG, as, offset, len, 0, value);
}

/**
 * zpcifd_store - PCISTG by zpcifd_sync()
 * @r: The ring, with nothing in its queues
 * @as: As of zpcifd_prep_load()
 * @offset: As of zpcifd_prep_load()
 * @len: As of zpcifd_prep_load()
 * @value: The number to store
 *
 * Return: as zpcifd_sync()
 */
static inline int zpcifd_store(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
			       uint32_t len, uint64_t value)
{
	uint64_t none;

	return __zpcifd_run(r, ZPCIFD_OP_PCISTG, as, offset, len, value, &none);
}

/* Part of zpcifd_block(), not to be called otherwise */
int zpcifd_block_copy(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
		      const void *buf, uint32_t len);

/**
 * zpcifd_block - PCISTB by zpcifd_sync()
 * @r: The ring
 * @as: Address space
 * @offset: Offset in the address space
 * @buf: The bytes to store. If they are not inside the ring's data area, they
 *	are copied to its last 4096 bytes.
 * @len: How many
 *
 * Return: as zpcifd_sync(); -EINVAL as well when @buf has to be copied and
 * is longer than 4096 bytes, or the ring has no data area.
 */
static inline int zpcifd_block(struct zpcifd_ring *r, uint8_t as, uint64_t offset,
			       const void *buf, uint32_t len)
{
	uint64_t payload = (uintptr_t)buf - (uintptr_t)r->data, none;

	if (__builtin_expect(payload >= r->layout.data_len ||
			     len > r->layout.data_len - payload, 0))
		return zpcifd_block_copy(r, as, offset, buf, len);
	return __zpcifd_run(r, ZPCIFD_OP_PCISTB, as, offset, len, payload, &none);
}

/**
 * zpcifd_cqe_str - Put a completion into words
 * @cqe: The completion
 * @buf: Out: the text, as "condition code 1, status 20: invalid address space"
 * @len: Length of @buf; 128 bytes are enough
 *
 * Return: @buf
 */
const char *zpcifd_cqe_str(const struct zpcifd_cqe *cqe, char *buf, size_t len);

/* Config space */

/**
 * zpcifd_config_read - Read config space as bytes
 * @r: The ring, with nothing in its queues
 * @offset: First byte
 * @buf: Out: the bytes, in the order of their addresses: little-endian fields
 * @len: How many
 *
 * Return: 0, or what zpcifd_sync() returned for the first load that failed.
 */
int zpcifd_config_read(struct zpcifd_ring *r, unsigned int offset, void *buf,
		       size_t len);

/**
 * zpcifd_find_capability - Find a capability in config space
 * @r: The ring, with nothing in its queues
 * @id: Its ID, as linux/pci_regs.h has them
 * @after: Where the previous one of this ID was found, or 0 for the first
 *
 * Return: its offset; -ENOENT when there is none; -ELOOP when the list is a
 * circle; or what zpcifd_sync() returned for a load that failed.
 */
int zpcifd_find_capability(struct zpcifd_ring *r, uint8_t id,
			   unsigned int after);

#ifdef __cplusplus
}
#endif

#endif /* ZPCIFD_H */
