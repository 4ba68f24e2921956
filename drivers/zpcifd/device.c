// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ownership of a function: one file binds it, gives it a DMA address space and
 * makes rings for it
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/iommufd.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "zpcifd_private.h"

static int zpcifd_device_check_owner(struct zpcifd_file *zf)
{
	lockdep_assert_held(&zf->zd->lock);

	return zf->zd->owner == zf ? 0 : -ENOTCONN;
}

/* May the file use an op, and does the provider have it? */
static int zpcifd_device_check_op(struct zpcifd_file *zf, bool has_op)
{
	int ret = zpcifd_device_check_owner(zf);

	if (!ret && !has_op)
		ret = -EOPNOTSUPP;
	return ret;
}

static void zpcifd_device_set_attached(struct zpcifd_device *zd, u64 pgsizes)
{
	lockdep_assert_held(&zd->lock);

	zd->attached = true;
	WRITE_ONCE(zd->pgsizes, pgsizes);
}

static void zpcifd_device_do_detach(struct zpcifd_device *zd)
{
	lockdep_assert_held(&zd->lock);

	zd->ops->detach(zd);
	zd->attached = false;
	WRITE_ONCE(zd->pgsizes, 0);
}

/**
 * zpcifd_device_bind - Make a file the function's owner
 * @zf: The file
 * @iommufd: File descriptor of /dev/iommu
 * @devid: Set to the function's ID in that iommufd
 *
 * Context: process context, registration_lock held and ops there
 *
 * Return: 0, or a negative errno: see struct zpcifd_bind_iommufd
 */
int zpcifd_device_bind(struct zpcifd_file *zf, int iommufd, u32 *devid)
{
	struct zpcifd_device *zd = zf->zd;
	struct iommufd_ctx *ictx;
	int ret;

	guard(mutex)(&zd->lock);
	if (zd->owner)
		return -EBUSY;

	ictx = iommufd_ctx_from_fd(iommufd);
	if (IS_ERR(ictx))
		return PTR_ERR(ictx);
	ret = zd->ops->bind(zd, ictx, devid);
	iommufd_ctx_put(ictx);
	if (ret)
		return ret;
	zd->owner_pid = get_pid(task_tgid(current));
	zd->owner_uid = current_uid();
	WRITE_ONCE(zd->owner, zf);
	zpcifd_event(zd, ZPCIFD_NL_CMD_DEV_OWNER);
	return 0;
}

/**
 * zpcifd_device_unbind - End the ownership of a function
 * @zf: A file, which need not be the owner
 * @removed: The function goes away, and whoever waits for it is to find out
 *
 * Undoes in order: no ring runs any more, no interrupts, no DMA, function
 * reset, unbound.
 *
 * Context: process context, registration_lock held and ops there
 */
void zpcifd_device_unbind(struct zpcifd_file *zf, bool removed)
{
	struct zpcifd_device *zd = zf->zd;
	struct zpcifd_ring *ring;

	guard(mutex)(&zd->lock);
	if (zpcifd_device_check_owner(zf))
		return;

	/* All stop at once, so that none waits for another one's chain */
	list_for_each_entry(ring, &zd->rings, entry)
		set_bit(ZPCIFD_RING_STOPS, &ring->state);
	list_for_each_entry(ring, &zd->rings, entry)
		zpcifd_ring_disconnect(ring);
	zpcifd_irq_unset_all(zd, removed);
	if (zd->attached)
		zpcifd_device_do_detach(zd);
	zd->ops->unbind(zd);
	WRITE_ONCE(zd->owner, NULL);
	put_pid(zd->owner_pid);
	zpcifd_event(zd, ZPCIFD_NL_CMD_DEV_OWNER);
}

/**
 * zpcifd_device_attach - Give a function a DMA address space
 * @zf: The file
 * @pt_id: ID of an IOAS or page table; updated to the page table's
 *
 * Context: process context, registration_lock held and ops there
 *
 * Return: 0, or a negative errno: see struct zpcifd_attach
 */
int zpcifd_device_attach(struct zpcifd_file *zf, u32 *pt_id)
{
	struct zpcifd_device *zd = zf->zd;
	u64 pgsizes = 0;
	int ret;

	guard(mutex)(&zd->lock);
	ret = zpcifd_device_check_op(zf, zd->ops->attach);
	if (ret)
		return ret;
	if (zd->attached)
		return -EINVAL;
	ret = zd->ops->attach(zd, pt_id, &pgsizes);
	if (!ret)
		zpcifd_device_set_attached(zd, pgsizes);
	return ret;
}

/**
 * zpcifd_device_replace - Move a function to another DMA address space
 * @zf: The file
 * @pt_id: ID of an IOAS or page table; updated to the page table's
 *
 * Context: process context, registration_lock held and ops there
 *
 * Return: 0, or a negative errno: see ZPCIFD_REPLACE
 */
int zpcifd_device_replace(struct zpcifd_file *zf, u32 *pt_id)
{
	struct zpcifd_device *zd = zf->zd;
	u64 pgsizes = 0;
	int ret;

	guard(mutex)(&zd->lock);
	ret = zpcifd_device_check_op(zf, zd->ops->replace);
	if (ret)
		return ret;
	if (!zd->attached)
		return -EINVAL;
	ret = zd->ops->replace(zd, pt_id, &pgsizes);
	if (!ret)
		zpcifd_device_set_attached(zd, pgsizes);
	return ret;
}

/**
 * zpcifd_device_detach - Take a function's DMA address space away
 * @zf: The file
 *
 * Context: process context, registration_lock held and ops there
 *
 * Return: 0, or a negative errno: see struct zpcifd_detach
 */
int zpcifd_device_detach(struct zpcifd_file *zf)
{
	struct zpcifd_device *zd = zf->zd;
	int ret;

	guard(mutex)(&zd->lock);
	ret = zpcifd_device_check_op(zf, zd->ops->detach);
	if (ret)
		return ret;
	if (!zd->attached)
		return -EINVAL;
	zpcifd_device_do_detach(zd);
	return 0;
}

/**
 * zpcifd_device_reset - Reset a function
 * @zf: The file
 *
 * Context: process context, registration_lock held and ops there
 *
 * Return: 0, or a negative errno: see struct zpcifd_reset
 */
int zpcifd_device_reset(struct zpcifd_file *zf)
{
	struct zpcifd_device *zd = zf->zd;
	int ret;

	guard(mutex)(&zd->lock);
	ret = zpcifd_device_check_op(zf, zd->ops->reset);
	if (ret)
		return ret;
	ret = zd->ops->reset(zd);
	if (!ret)
		zpcifd_event(zd, ZPCIFD_NL_CMD_DEV_RESET);
	return ret;
}

/**
 * zpcifd_device_get_stats - Sum up what the relay did for a function
 * @zd: The function
 * @stats: Filled
 *
 * Context: process context
 */
void zpcifd_device_get_stats(struct zpcifd_device *zd, struct zpcifd_stats *stats)
{
	struct zpcifd_ring *ring;

	guard(mutex)(&zd->lock);
	*stats = zd->stats;
	list_for_each_entry(ring, &zd->rings, entry)
		zpcifd_ring_add_stats(stats, ring);
}

/**
 * zpcifd_device_set_irq - Wire interrupt vectors to eventfds
 * @zf: The file
 * @cmd: Which vectors
 * @fds: The eventfds, unless @cmd only triggers
 *
 * Context: process context, registration_lock held and ops there
 *
 * Return: 0, or a negative errno: see struct zpcifd_irq_set
 */
int zpcifd_device_set_irq(struct zpcifd_file *zf,
			  const struct zpcifd_irq_set *cmd, const s32 *fds)
{
	struct zpcifd_device *zd = zf->zd;
	int ret;

	guard(mutex)(&zd->lock);
	ret = zpcifd_device_check_op(zf, zd->ops->irq_enable);
	if (ret)
		return ret;
	return zpcifd_irq_set(zd, cmd, fds);
}

/* Adds to a ring what the caller names by pointer or file descriptor */
static int zpcifd_device_equip_ring(struct zpcifd_ring *ring,
				    const struct zpcifd_ring_create *cmd)
{
	struct eventfd_ctx *eventfd;

	if (cmd->nr_windows) {
		struct zpcifd_ring_window *windows __free(kvfree) =
			vmemdup_array_user(u64_to_user_ptr(cmd->windows),
					   cmd->nr_windows, sizeof(*windows));
		int ret;

		if (IS_ERR(windows))
			return PTR_ERR(windows);
		ret = zpcifd_policy_validate_windows(&ring->zd->info, windows,
						     cmd->nr_windows);
		if (ret)
			return ret;
		zpcifd_ring_narrow(ring, no_free_ptr(windows), cmd->nr_windows);
	}
	if (cmd->flags & ZPCIFD_RING_EVENTFD) {
		eventfd = eventfd_ctx_fdget(cmd->eventfd);
		if (IS_ERR(eventfd))
			return PTR_ERR(eventfd);
		ring->eventfd = eventfd;
	}
	return 0;
}

/**
 * zpcifd_device_create_ring - Make a ring for the function
 * @zf: The file
 * @cmd: The ring's dimensions; the layout is filled in
 *
 * Context: process context, registration_lock held and ops there
 *
 * Return: the ring's file, which works at once; or an error pointer, see
 * struct zpcifd_ring_create
 */
struct file *zpcifd_device_create_ring(struct zpcifd_file *zf,
				       struct zpcifd_ring_create *cmd)
{
	struct zpcifd_device *zd = zf->zd;
	struct zpcifd_ring *ring;
	struct file *file;
	int ret;

	guard(mutex)(&zd->lock);
	ret = zpcifd_device_check_owner(zf);
	if (ret)
		return ERR_PTR(ret);
	ring = zpcifd_ring_create(zd, cmd);
	if (IS_ERR(ring))
		return ERR_CAST(ring);
	ret = zpcifd_device_equip_ring(ring, cmd);
	if (ret) {
		zpcifd_ring_free(ring);
		return ERR_PTR(ret);
	}
	file = zpcifd_ring_file(ring);
	if (IS_ERR(file)) {
		zpcifd_ring_free(ring);
		return file;
	}
	ring->ops = *zd->ops;
	list_add_tail(&ring->entry, &zd->rings);
	if (cmd->flags & ZPCIFD_RING_SQPOLL)
		ret = zpcifd_sqpoll_start(ring, cmd);
	if (ret) {
		/* Its release takes the function's lock, from a task work */
		fput(file);
		return ERR_PTR(ret);
	}
	/* Not before, as the end of a ring that never was is no event */
	if (ring->eventfd)
		zpcifd_ring_wire(ring);
	return file;
}

/**
 * zpcifd_set_state - Tell that a function went into error or came out of it
 * @zd: The function, between zpcifd_register() and zpcifd_unregister()
 * @state: Its state from now on
 *
 * The framework goes on relaying: instructions answer for themselves.
 *
 * Context: process context
 */
void zpcifd_set_state(struct zpcifd_device *zd, enum zpcifd_state state)
{
	if (xchg(&zd->state, state) != state)
		zpcifd_event(zd, ZPCIFD_NL_CMD_DEV_STATE);
}
EXPORT_SYMBOL_NS_GPL(zpcifd_set_state, "ZPCIFD");
