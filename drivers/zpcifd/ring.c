// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings: their memory, their file, and their end
 */
#include <kunit/visibility.h>
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "zpcifd_private.h"

/* The layout is the same on every architecture */
static_assert(sizeof(struct zpcifd_sqe) == 32);
static_assert(offsetof(struct zpcifd_sqe, len) == 4);
static_assert(offsetof(struct zpcifd_sqe, offset) == 8);
static_assert(offsetof(struct zpcifd_sqe, data) == 16);
static_assert(offsetof(struct zpcifd_sqe, payload) == 16);
static_assert(offsetof(struct zpcifd_sqe, user_data) == 24);
static_assert(sizeof(struct zpcifd_cqe) == 32);
static_assert(offsetof(struct zpcifd_cqe, data) == 8);
static_assert(offsetof(struct zpcifd_cqe, res) == 16);
static_assert(offsetof(struct zpcifd_cqe, cc) == 20);
static_assert(offsetof(struct zpcifd_cqe, status) == 21);
static_assert(offsetof(struct zpcifd_cqe, flags) == 22);
static_assert(offsetof(struct zpcifd_cqe, retries) == 24);
static_assert(offsetof(struct zpcifd_cqe, msix_entry) == 28);
static_assert(sizeof(struct zpcifd_ring_header) == 512);
static_assert(offsetof(struct zpcifd_ring_header, cq_tail) == 4);
static_assert(offsetof(struct zpcifd_ring_header, flags) == 8);
static_assert(offsetof(struct zpcifd_ring_header, sq_tail) == 256);
static_assert(offsetof(struct zpcifd_ring_header, cq_head) == 260);

static __poll_t zpcifd_ring_poll(struct file *file, poll_table *wait)
{
	struct zpcifd_ring *ring = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &ring->poll_wait, wait);

	/* Without the lock, as a batch may hold it for long */
	if (zpcifd_ring_stops(ring))
		return EPOLLERR | EPOLLHUP;
	if (READ_ONCE(ring->header->cq_head) != READ_ONCE(ring->cq_tail))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(ring->header->sq_tail) - READ_ONCE(ring->sq_head) <= ring->sq_mask)
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static int zpcifd_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zpcifd_ring *ring = file->private_data;
	unsigned long offset;
	int ret;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != ring->mmap_len)
		return -EINVAL;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);

	/* All of it now, so that nobody meets a fault later */
	for (offset = 0; offset < ring->mmap_len; offset += PAGE_SIZE) {
		ret = vm_insert_page(vma, vma->vm_start + offset,
				     vmalloc_to_page((void *)ring->header + offset));
		if (ret)
			return ret;
	}
	return 0;
}

static int zpcifd_ring_release(struct inode *inode, struct file *file)
{
	struct zpcifd_ring *ring = file->private_data;

	scoped_guard(mutex, &ring->zd->lock) {
		zpcifd_ring_disconnect(ring);
		list_del_init(&ring->entry);
		zpcifd_ring_add_stats(&ring->zd->stats, ring);
	}
	zpcifd_ring_free(ring);
	return 0;
}

static const struct file_operations zpcifd_ring_fops = {
	.owner = THIS_MODULE,
	.release = zpcifd_ring_release,
	.unlocked_ioctl = zpcifd_submit_ioctl,
	.uring_cmd = zpcifd_submit_uring_cmd,
	.poll = zpcifd_ring_poll,
	.mmap = zpcifd_ring_mmap,
};

static bool zpcifd_ring_is_valid(const struct zpcifd_ring_create *cmd)
{
	if (!is_power_of_2(cmd->sq_entries) ||
	    cmd->sq_entries > ZPCIFD_MAX_SQ_ENTRIES ||
	    !is_power_of_2(cmd->cq_entries) ||
	    cmd->cq_entries < cmd->sq_entries ||
	    cmd->cq_entries > ZPCIFD_MAX_CQ_ENTRIES ||
	    cmd->data_len % ZPCIFD_STORE_PAGE ||
	    cmd->data_len > ZPCIFD_MAX_DATA_LEN)
		return false;

	if (cmd->flags & ZPCIFD_RING_SQPOLL) {
		if (cmd->sq_thread_idle > ZPCIFD_MAX_SQ_IDLE)
			return false;
	} else if (cmd->flags & ZPCIFD_RING_SQ_AFF || cmd->sq_thread_idle) {
		return false;
	}
	if (!(cmd->flags & ZPCIFD_RING_SQ_AFF) && cmd->sq_thread_cpu)
		return false;
	if (!(cmd->flags & ZPCIFD_RING_EVENTFD) && cmd->eventfd)
		return false;
	return cmd->nr_windows <= ZPCIFD_MAX_WINDOWS &&
	       (cmd->nr_windows || !cmd->windows);
}

/**
 * zpcifd_ring_create - Make a ring
 * @zd: The function that the ring will run on
 * @cmd: The ring's dimensions; the layout is filled in
 *
 * The caller adds windows and an eventfd if there are any.
 *
 * Return: the ring, disconnected, or an error pointer
 */
struct zpcifd_ring *zpcifd_ring_create(struct zpcifd_device *zd,
				       struct zpcifd_ring_create *cmd)
{
	u32 sq_offset, cq_offset, data_offset;

	cmd->cq_entries = cmd->cq_entries ?: cmd->sq_entries;
	if (!zpcifd_ring_is_valid(cmd))
		return ERR_PTR(-EINVAL);

	sq_offset = sizeof(struct zpcifd_ring_header);
	cq_offset = sq_offset + cmd->sq_entries * sizeof(struct zpcifd_sqe);
	data_offset = PAGE_ALIGN(cq_offset +
				 cmd->cq_entries * sizeof(struct zpcifd_cqe));

	struct zpcifd_ring *ring __free(kfree) =
		kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return ERR_PTR(-ENOMEM);

	ring->mmap_len = PAGE_ALIGN(data_offset + cmd->data_len);
	ring->header = __vmalloc(ring->mmap_len, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!ring->header)
		return ERR_PTR(-ENOMEM);

	ring->zd = zpcifd_get(zd);
	ring->policy = zd->policy;
	zpcifd_policy_get_fast(ring->policy, ring->fast);
	ring->min_block = ring->policy->min_block;
	ring->maxstbl = ring->policy->maxstbl;
	ring->align_mask = ring->policy->align_mask;
	ring->block_lens = ring->policy->block_lens;
	INIT_LIST_HEAD(&ring->entry);
	init_waitqueue_head(&ring->poll_wait);
	init_waitqueue_head(&ring->sq_wait);
	mutex_init(&ring->lock);
	ring->sq_mask = cmd->sq_entries - 1;
	ring->cq_mask = cmd->cq_entries - 1;
	ring->data_len = cmd->data_len;
	ring->sqes = (void *)ring->header + sq_offset;
	ring->cqes = (void *)ring->header + cq_offset;
	ring->data = (void *)ring->header + data_offset;

	cmd->out_sq_offset = sq_offset;
	cmd->out_cq_offset = cq_offset;
	cmd->out_data_offset = data_offset;
	cmd->out_mmap_len = ring->mmap_len;
	return no_free_ptr(ring);
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_ring_create);

/**
 * zpcifd_ring_narrow - Let a ring touch some places only
 * @ring: The ring, which has not run yet
 * @windows: What it may touch, from kvmalloc(); the ring owns it from then on
 * @nr_windows: Number of @windows
 */
void zpcifd_ring_narrow(struct zpcifd_ring *ring,
			struct zpcifd_ring_window *windows, u32 nr_windows)
{
	ring->windows = windows;
	ring->nr_windows = nr_windows;
	memset(ring->fast, 0, sizeof(ring->fast));
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_ring_narrow);

static int zpcifd_ring_signal(wait_queue_entry_t *wait, unsigned int mode,
			      int sync, void *key)
{
	struct zpcifd_ring *ring = container_of(wait, struct zpcifd_ring, eventfd_wait);
	u32 cq_tail = READ_ONCE(ring->cq_tail);

	/* A ring ends once; before, what has changed may be room for descriptors */
	if (key_to_poll(key) & EPOLLHUP)
		list_del_init(&wait->entry);
	else if (cq_tail == ring->eventfd_seen)
		return 0;
	ring->eventfd_seen = cq_tail;
	eventfd_signal(ring->eventfd);
	return 0;
}

/**
 * zpcifd_ring_wire - Let a ring signal its eventfd
 * @ring: The ring, which has one and has not run yet
 *
 * The eventfd waits for completions and for the end from then on, as poll()
 * does.
 */
void zpcifd_ring_wire(struct zpcifd_ring *ring)
{
	init_waitqueue_func_entry(&ring->eventfd_wait, zpcifd_ring_signal);
	add_wait_queue(&ring->poll_wait, &ring->eventfd_wait);
}

/**
 * zpcifd_ring_free - Free a ring that has no file, or whose file is released
 * @ring: The ring
 */
void zpcifd_ring_free(struct zpcifd_ring *ring)
{
	if (ring->eventfd)
		eventfd_ctx_put(ring->eventfd);
	mutex_destroy(&ring->lock);
	kvfree(ring->windows);
	vfree(ring->header);
	zpcifd_put(ring->zd);
	kfree(ring);
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_ring_free);

/**
 * zpcifd_ring_file - Make the file of a ring
 * @ring: The ring, which the file owns from then on
 *
 * Return: the file, or an error pointer
 */
struct file *zpcifd_ring_file(struct zpcifd_ring *ring)
{
	return anon_inode_getfile("[zpcifd-ring]", &zpcifd_ring_fops, ring, O_RDWR);
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_ring_file);

/**
 * zpcifd_ring_disconnect - Part a ring from its function, for good
 * @ring: The ring
 *
 * When it returns no instruction of the ring runs, and none will. The ring's
 * memory stays until its file and mappings are gone.
 *
 * Context: process context, zpcifd_device::lock held. Waits until the
 * descriptors that run have completed: a chain, or %ZPCIFD_PAUSE others.
 */
void zpcifd_ring_disconnect(struct zpcifd_ring *ring)
{
	lockdep_assert_held(&ring->zd->lock);

	set_bit(ZPCIFD_RING_STOPS, &ring->state);
	zpcifd_sqpoll_stop(ring);
	scoped_guard(mutex, &ring->lock)
		memset(&ring->ops, 0, sizeof(ring->ops));
	/* No completion comes any more: who waits for one finds out */
	wake_up_poll(&ring->poll_wait, EPOLLERR | EPOLLHUP);
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_ring_disconnect);

/**
 * zpcifd_ring_add_stats - Add what a ring did
 * @sum: To this
 * @ring: The ring, which may be at work: each counter is right at some moment
 */
void zpcifd_ring_add_stats(struct zpcifd_stats *sum, const struct zpcifd_ring *ring)
{
	const u64 *from = (const u64 *)&ring->stats;
	u64 *to = (u64 *)sum;
	unsigned int i;

	static_assert(sizeof(*sum) % sizeof(u64) == 0);
	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		to[i] += READ_ONCE(from[i]);
}
