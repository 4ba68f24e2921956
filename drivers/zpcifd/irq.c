// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt vectors of a function, wired to eventfds
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "zpcifd_private.h"

/**
 * zpcifd_irq_max_vectors - How many vectors may a function have?
 * @info: The function
 *
 * Return: the number of vectors of the kind of interrupt that has more
 */
u32 zpcifd_irq_max_vectors(const struct zpcifd_info *info)
{
	return max(info->out_msi_vectors, info->out_msix_vectors);
}

static bool zpcifd_irq_is_wired(const struct zpcifd_device *zd, u32 vector)
{
	return rcu_dereference_protected(zd->vectors[vector].eventfd,
					 lockdep_is_held(&zd->lock));
}

static struct eventfd_ctx *zpcifd_irq_replace(struct zpcifd_device *zd,
					      u32 vector,
					      struct eventfd_ctx *eventfd)
{
	struct eventfd_ctx *old;

	old = rcu_replace_pointer(zd->vectors[vector].eventfd, eventfd,
				  lockdep_is_held(&zd->lock));
	zd->nr_wired += !!eventfd - !!old;
	return old;
}

static void zpcifd_irq_put_eventfds(struct eventfd_ctx **eventfds, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (eventfds[i])
			eventfd_ctx_put(eventfds[i]);
}

/* Takes all the eventfds of a call or, on an error, none */
static int zpcifd_irq_get_eventfds(struct eventfd_ctx **eventfds,
				   const s32 *fds, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		struct eventfd_ctx *eventfd;

		if (fds[i] == -1)
			continue;
		eventfd = eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(eventfd)) {
			zpcifd_irq_put_eventfds(eventfds, i);
			return PTR_ERR(eventfd);
		}
		eventfds[i] = eventfd;
	}
	return 0;
}

/*
 * Wires the vectors that are not wired yet, and notes them in @fresh. The eventfd
 * comes first: an interrupt that was raised meanwhile fires with the request. On
 * an error all is as before.
 */
static int zpcifd_irq_request(struct zpcifd_device *zd,
			      const struct zpcifd_irq_set *cmd,
			      struct eventfd_ctx **eventfds,
			      unsigned long *fresh)
{
	u32 i, vector;
	int ret;

	for (i = 0; i < cmd->count; i++) {
		vector = cmd->first + i;
		if (!eventfds[i] || zpcifd_irq_is_wired(zd, vector))
			continue;
		zpcifd_irq_replace(zd, vector, eventfds[i]);
		ret = zd->ops->irq_request(zd, vector);
		if (ret) {
			zpcifd_irq_replace(zd, vector, NULL);
			goto undo;
		}
		__set_bit(i, fresh);
	}
	return 0;

undo:
	for_each_set_bit(i, fresh, cmd->count) {
		zd->ops->irq_free(zd, cmd->first + i);
		zpcifd_irq_replace(zd, cmd->first + i, NULL);
	}
	return ret;
}

static void zpcifd_irq_disable(struct zpcifd_device *zd)
{
	zd->ops->irq_disable(zd);
	zd->nr_vectors = 0;
}

/* Interrupts are on before the first vector is wired */
static int zpcifd_irq_enable(struct zpcifd_device *zd,
			     const struct zpcifd_irq_set *cmd,
			     struct eventfd_ctx **eventfds,
			     unsigned long *fresh)
{
	int ret = 0;
	u32 i, last = 0;

	for (i = 0; i < cmd->count; i++)
		if (eventfds[i])
			last = cmd->first + i + 1;
	if (!last)
		return 0;

	if (!zd->nr_wired) {
		ret = zd->ops->irq_enable(zd, cmd->type);
		if (ret < 0)
			return ret;
		zd->irq_type = cmd->type;
		zd->nr_vectors = ret;
	}
	ret = -ENOSPC;
	if (last <= zd->nr_vectors)
		ret = zpcifd_irq_request(zd, cmd, eventfds, fresh);
	if (ret && !zd->nr_wired)
		zpcifd_irq_disable(zd);
	return ret;
}

/**
 * zpcifd_irq_set - Wire vectors to eventfds, or trigger them
 * @zd: The function, bound
 * @cmd: Which vectors; flags and type were checked
 * @fds: cmd->count file descriptors, -1 for none; unused for a trigger
 *
 * Context: process context, zpcifd_device::lock held
 *
 * Return: 0, or a negative errno with nothing changed: see struct
 * zpcifd_irq_set
 */
int zpcifd_irq_set(struct zpcifd_device *zd, const struct zpcifd_irq_set *cmd,
		   const s32 *fds)
{
	u32 max = cmd->type == ZPCIFD_IRQ_MSI ? zd->info.out_msi_vectors :
						zd->info.out_msix_vectors;
	u32 i;
	int ret;

	lockdep_assert_held(&zd->lock);

	if (!max || cmd->first > max || cmd->count > max - cmd->first)
		return -EINVAL;
	if (zd->nr_wired && cmd->type != zd->irq_type)
		return -EINVAL;

	if (cmd->flags & ZPCIFD_IRQ_TRIGGER) {
		for (i = 0; i < cmd->count; i++)
			zpcifd_irq_signal(zd, cmd->first + i);
		return 0;
	}

	struct eventfd_ctx **eventfds __free(kvfree) =
		kvcalloc(cmd->count, sizeof(*eventfds), GFP_KERNEL);
	unsigned long *fresh __free(bitmap) = bitmap_zalloc(cmd->count, GFP_KERNEL);
	if (!eventfds || !fresh)
		return -ENOMEM;
	ret = zpcifd_irq_get_eventfds(eventfds, fds, cmd->count);
	if (ret)
		return ret;
	ret = zpcifd_irq_enable(zd, cmd, eventfds, fresh);
	if (ret) {
		/* None of them is wired any more */
		synchronize_rcu();
		zpcifd_irq_put_eventfds(eventfds, cmd->count);
		return ret;
	}

	for (i = 0; i < cmd->count; i++) {
		if (test_bit(i, fresh)) {
			eventfds[i] = NULL;
			continue;
		}
		if (!eventfds[i] && zpcifd_irq_is_wired(zd, cmd->first + i))
			zd->ops->irq_free(zd, cmd->first + i);
		eventfds[i] = zpcifd_irq_replace(zd, cmd->first + i, eventfds[i]);
	}
	/* A handler may still signal the old ones */
	synchronize_rcu();
	zpcifd_irq_put_eventfds(eventfds, cmd->count);
	/* The last one parted */
	if (!zd->nr_wired && zd->nr_vectors)
		zpcifd_irq_disable(zd);
	return 0;
}

/**
 * zpcifd_irq_unset_all - Part all vectors from their eventfds
 * @zd: The function
 * @removed: It goes away: signal the eventfds once more, so that who waits for
 *	an interrupt wakes and finds out
 *
 * Context: process context, zpcifd_device::lock held
 */
void zpcifd_irq_unset_all(struct zpcifd_device *zd, bool removed)
{
	u32 i;

	lockdep_assert_held(&zd->lock);

	if (!zd->nr_wired)
		return;
	for (i = 0; i < zd->nr_vectors; i++)
		if (zpcifd_irq_is_wired(zd, i))
			zd->ops->irq_free(zd, i);
	for (i = 0; i < zd->nr_vectors; i++) {
		struct eventfd_ctx *eventfd = zpcifd_irq_replace(zd, i, NULL);

		if (!eventfd)
			continue;
		if (removed)
			eventfd_signal(eventfd);
		/* Nobody else does: handlers are done, a trigger needs the lock */
		eventfd_ctx_put(eventfd);
	}
	zpcifd_irq_disable(zd);
}

/**
 * zpcifd_irq_signal - A function raised an interrupt
 * @zd: The function
 * @vector: The vector, less than the function has
 *
 * Does nothing for a vector that is not wired.
 *
 * Context: any, interrupts included
 */
void zpcifd_irq_signal(struct zpcifd_device *zd, u32 vector)
{
	struct zpcifd_vector *v = &zd->vectors[vector];
	struct eventfd_ctx *eventfd;

	guard(rcu)();
	eventfd = rcu_dereference(v->eventfd);
	if (!eventfd)
		return;
	atomic64_inc(&v->count);
	eventfd_signal(eventfd);
}
EXPORT_SYMBOL_NS_GPL(zpcifd_irq_signal, "ZPCIFD");
