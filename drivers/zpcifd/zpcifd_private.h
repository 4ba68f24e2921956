/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the framework share. Calls run downward only: main,
 * netlink, device, then ring, irq and event, sqpoll, submit, exec, policy.
 */
#ifndef __ZPCIFD_PRIVATE_H
#define __ZPCIFD_PRIVATE_H

#include <linux/eventfd.h>
#include <linux/sizes.h>
#include <linux/wait.h>
#include <linux/zpcifd.h>

struct io_uring_cmd;
struct sk_buff;

enum {
	ZPCIFD_MAX_SQ_ENTRIES = 4096,
	ZPCIFD_MAX_CQ_ENTRIES = 8192,
	ZPCIFD_MAX_DATA_LEN = SZ_16M,
	ZPCIFD_MAX_CHAIN = 64,
	ZPCIFD_CONFIG_LEN = 4096,
	ZPCIFD_NR_AS = 16,
	/* No store crosses a page of the PCI address space or of its operand */
	ZPCIFD_STORE_PAGE = 4096,
	ZPCIFD_MAX_WINDOWS = 64,
	ZPCIFD_MAX_SQ_IDLE = 1000,
	/* A BAR minus the MSI-X table and the pending bit array */
	ZPCIFD_BAR_WINDOWS = 3,
};

/* Descriptors between two looks at signals and the scheduler */
#define ZPCIFD_PAUSE 16U

#define ZPCIFD_OPCODES \
	(BIT(ZPCIFD_OP_PCILG) | BIT(ZPCIFD_OP_PCISTG) | BIT(ZPCIFD_OP_PCISTB))

/*
 * In place of what a provider returns: nothing was issued, as the descriptor is
 * not one that obeys all rules at first sight
 */
#define ZPCIFD_NOT_PLAIN LONG_MIN

/* How long an instruction that meets condition code 2 is tried again */
#define ZPCIFD_BUSY_NSEC NSEC_PER_MSEC

/**
 * struct zpcifd_window - A range of an address space that may be accessed
 * @start: First offset
 * @end: Offset after the last
 */
struct zpcifd_window {
	u64 start;
	u64 end;
};

/**
 * struct zpcifd_fast_range - Where most descriptors of an address space lie
 * @start: First offset, a multiple of 4096
 * @len: Length in bytes, a multiple of 4096
 */
struct zpcifd_fast_range {
	u64 start;
	u64 len;
};

/**
 * struct zpcifd_policy - What descriptors may touch
 * @info: The function
 * @maxstbl: Largest PCISTB in bytes
 * @min_block: A PCISTB is longer than this
 * @align_mask: Bits that are 0 in a PCISTB's offset, length and payload
 * @block_lens: Lengths that are a power of two and that a PCISTB may have,
 *	added up
 * @bar: Each BAR's windows; unused ones are empty
 *
 * Written before anybody uses it, then read only.
 */
struct zpcifd_policy {
	const struct zpcifd_info *info;
	u32 maxstbl;
	u32 min_block;
	u32 align_mask;
	u32 block_lens;
	struct zpcifd_window bar[ZPCIFD_NR_BARS][ZPCIFD_BAR_WINDOWS];
};

/**
 * struct zpcifd_file - An open file of a function
 * @zd: The function, counted
 */
struct zpcifd_file {
	struct zpcifd_device *zd;
};

/**
 * enum zpcifd_ring_state - Bits of &zpcifd_ring.state
 * @ZPCIFD_RING_STOPS: The ring is about to be disconnected: whoever runs
 *	descriptors gives the lock up soon. Set once, read without the lock.
 * @ZPCIFD_RING_CANCELS: The rest of a chain that was refused is still to be
 *	canceled. Changed under the lock.
 */
enum zpcifd_ring_state {
	ZPCIFD_RING_STOPS,
	ZPCIFD_RING_CANCELS,
};

/**
 * struct zpcifd_ring - A ring
 * @lock: Serializes the running of descriptors, protects all from @ops on.
 *	Provider's ops of the instructions are called with it held only.
 * @zd: The function, counted
 * @entry: In zpcifd_device::rings, under zpcifd_device::lock
 * @poll_wait: Who waits for completions or for the end of the ring
 * @eventfd: Signalled when completions were added and at the end, or NULL
 * @eventfd_wait: In @poll_wait on behalf of @eventfd
 * @eventfd_seen: @cq_tail when @eventfd was last signalled; under the lock of
 *	@poll_wait
 * @sq_thread: Takes descriptors if the ring has ZPCIFD_RING_SQPOLL, until the
 *	ring is disconnected; under zpcifd_device::lock
 * @sq_wait: Where @sq_thread sleeps
 * @sq_idle: Nanoseconds without work until it does, 0 without
 *	ZPCIFD_RING_SQPOLL
 * @state: Bits of enum zpcifd_ring_state; 0 while descriptors just run
 * @ops: Copy of the function's operations; the instructions' are NULL once
 *	disconnected
 * @policy: What descriptors may touch
 * @windows: What of it the ring is narrowed to, NULL for all
 * @nr_windows: Number of @windows
 * @sq_head: The kernel's own copies of the counters that it alone writes
 * @cq_tail: See @sq_head
 * @stats: What the ring did; counted by whoever holds @lock, read at any time
 * @sq_mask: Length of the submission queue - 1
 * @cq_mask: Length of the completion queue - 1
 * @data_len: Length of the data area
 * @mmap_len: Length of all the shared memory
 * @header: The shared memory, not trusted, written by user space at any time
 * @sqes: Submission queue in the shared memory
 * @cqes: Completion queue in the shared memory
 * @data: Data area in the shared memory
 * @min_block: Copy of what @policy says, for the hot path
 * @maxstbl: See @min_block
 * @align_mask: See @min_block
 * @block_lens: See @min_block
 * @fast: For each address space the range where a descriptor needs no other
 *	check than the rules of its instruction; empty if the ring is narrowed
 * @chain: Snapshot of the chain that runs
 */
struct zpcifd_ring {
	struct mutex lock; /* see above */
	struct zpcifd_device *zd;
	struct list_head entry;
	wait_queue_head_t poll_wait;
	struct eventfd_ctx *eventfd;
	wait_queue_entry_t eventfd_wait;
	u32 eventfd_seen;
	struct task_struct *sq_thread;
	wait_queue_head_t sq_wait;
	u64 sq_idle;
	unsigned long state;

	struct zpcifd_ops ops;
	const struct zpcifd_policy *policy;
	struct zpcifd_ring_window *windows;
	u32 nr_windows;
	u32 sq_head;
	u32 cq_tail;
	struct zpcifd_stats stats;
	u32 sq_mask;
	u32 cq_mask;
	u32 data_len;
	u32 mmap_len;
	struct zpcifd_ring_header *header;
	struct zpcifd_sqe *sqes;
	struct zpcifd_cqe *cqes;
	void *data;
	u32 min_block;
	u32 maxstbl;
	u32 align_mask;
	u32 block_lens;
	struct zpcifd_fast_range fast[ZPCIFD_NR_AS];
	struct zpcifd_sqe chain[ZPCIFD_MAX_CHAIN];
};

static inline bool zpcifd_ring_stops(const struct zpcifd_ring *ring)
{
	return test_bit(ZPCIFD_RING_STOPS, &ring->state);
}

/* Reads a descriptor. Never again: user space may have changed it by then */
static __always_inline struct zpcifd_sqe zpcifd_ring_snapshot(const struct zpcifd_ring *ring,
							      u32 pos)
{
	return __READ_ONCE(ring->sqes[pos & ring->sq_mask]);
}

/**
 * struct zpcifd_vector - An interrupt vector
 * @eventfd: Signalled by the vector, NULL if it is not wired. Changed under
 *	zpcifd_device::lock.
 * @count: Interrupts that were signalled
 */
struct zpcifd_vector {
	struct eventfd_ctx __rcu *eventfd;
	atomic64_t count;
};

/* netlink.c */
int zpcifd_netlink_init(void);
void zpcifd_netlink_exit(void);
int zpcifd_netlink_add(struct zpcifd_device *zd);
void zpcifd_netlink_del(struct zpcifd_device *zd);

/* device.c */
int zpcifd_device_bind(struct zpcifd_file *zf, int iommufd, u32 *devid);
void zpcifd_device_unbind(struct zpcifd_file *zf, bool removed);
int zpcifd_device_attach(struct zpcifd_file *zf, u32 *pt_id);
int zpcifd_device_replace(struct zpcifd_file *zf, u32 *pt_id);
int zpcifd_device_detach(struct zpcifd_file *zf);
int zpcifd_device_reset(struct zpcifd_file *zf);
void zpcifd_device_get_stats(struct zpcifd_device *zd, struct zpcifd_stats *stats);
int zpcifd_device_set_irq(struct zpcifd_file *zf,
			  const struct zpcifd_irq_set *cmd, const s32 *fds);
struct file *zpcifd_device_create_ring(struct zpcifd_file *zf,
				       struct zpcifd_ring_create *cmd);

/* ring.c */
struct zpcifd_ring *zpcifd_ring_create(struct zpcifd_device *zd,
				       struct zpcifd_ring_create *cmd);
void zpcifd_ring_narrow(struct zpcifd_ring *ring,
			struct zpcifd_ring_window *windows, u32 nr_windows);
void zpcifd_ring_wire(struct zpcifd_ring *ring);
void zpcifd_ring_free(struct zpcifd_ring *ring);
struct file *zpcifd_ring_file(struct zpcifd_ring *ring);
void zpcifd_ring_disconnect(struct zpcifd_ring *ring);
void zpcifd_ring_add_stats(struct zpcifd_stats *sum, const struct zpcifd_ring *ring);

/* sqpoll.c */
bool zpcifd_sqpoll_allowed(void);
int zpcifd_sqpoll_start(struct zpcifd_ring *ring,
			const struct zpcifd_ring_create *cmd);
void zpcifd_sqpoll_stop(struct zpcifd_ring *ring);

/* submit.c */
int zpcifd_submit_locked(struct zpcifd_ring *ring, unsigned long count);
int zpcifd_submit(struct zpcifd_ring *ring, unsigned long count, bool nonblock);
long zpcifd_submit_ioctl(struct file *file, unsigned int cmd, unsigned long count);
int zpcifd_submit_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags);

/* exec.c */
bool zpcifd_exec_interrupted(const struct zpcifd_ring *ring);
u32 zpcifd_exec_cancel_rest(struct zpcifd_ring *ring, u32 pos, u32 avail, u32 cq_end);
u32 zpcifd_exec(struct zpcifd_ring *ring, const struct zpcifd_sqe *sqe, long ret,
		u32 pos, u32 avail, u32 cq_end);

/* event.c */
void zpcifd_event(struct zpcifd_device *zd, u8 cmd);
int zpcifd_event_put(struct sk_buff *skb, const struct zpcifd_device *zd);

/* irq.c */
int zpcifd_irq_set(struct zpcifd_device *zd, const struct zpcifd_irq_set *cmd,
		   const s32 *fds);
void zpcifd_irq_unset_all(struct zpcifd_device *zd, bool removed);
u32 zpcifd_irq_max_vectors(const struct zpcifd_info *info);

/* policy.c */
void zpcifd_policy_get_fast(const struct zpcifd_policy *policy,
			    struct zpcifd_fast_range *fast);
void zpcifd_policy_init(struct zpcifd_policy *policy,
			const struct zpcifd_info *info);
int zpcifd_policy_check_windows(const struct zpcifd_ring_window *windows,
				u32 nr_windows, const struct zpcifd_sqe *sqe);
int zpcifd_policy_validate_windows(const struct zpcifd_info *info,
				   const struct zpcifd_ring_window *windows,
				   u32 nr_windows);
int zpcifd_policy_check(const struct zpcifd_policy *policy,
			const struct zpcifd_sqe *sqe, u32 data_len);
bool zpcifd_policy_guards_msix(const struct zpcifd_policy *policy,
			       const struct zpcifd_sqe *sqe, u32 *entry);

#endif /* __ZPCIFD_PRIVATE_H */
