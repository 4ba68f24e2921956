// SPDX-License-Identifier: GPL-2.0-only
/*
 * A simulated function: made, owned, removed
 */
#include <kunit/visibility.h>
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sim.h"

/* What the platform has for every function, as QEMU's has */
#define ZSIM_PFGID	0xff
#define ZSIM_DTSM	0x40
#define ZSIM_MSI_ADDR	0xfe00000000000000ULL

static void zsim_function_reset(struct zsim_function *fn)
{
	lockdep_assert_held(&fn->lock);

	fn->attrs.model->reset(fn);
	zsim_mem_free(fn);
}

static void zsim_function_start(struct zsim_function *fn)
{
	lockdep_assert_held(&fn->lock);

	zsim_function_set_state(fn, ZSIM_ENABLED);
	if (fn->attrs.model->start)
		fn->attrs.model->start(fn);
}

static void zsim_function_tell_state(struct zsim_function *fn,
				     enum zsim_state state)
{
	switch (state) {
	case ZSIM_ERROR:
	case ZSIM_DISABLED:
		zpcifd_set_state(&fn->zd, ZPCIFD_STATE_ERROR);
		break;
	case ZSIM_GONE:
		zpcifd_set_state(&fn->zd, ZPCIFD_STATE_FAILED);
		break;
	default:
		zpcifd_set_state(&fn->zd, ZPCIFD_STATE_ONLINE);
	}
}

/* Sets a function's state; one that is gone stays so */
void zsim_function_set_state(struct zsim_function *fn, enum zsim_state state)
{
	int old = atomic_read(&fn->state);

	do {
		if (old == ZSIM_GONE)
			return;
	} while (!atomic_try_cmpxchg(&fn->state, &old, state));
	if (old != state)
		zsim_function_tell_state(fn, state);
}
EXPORT_SYMBOL_IF_KUNIT(zsim_function_set_state);

/**
 * zsim_function_move - Enable, disable or fail a bound function
 * @fn: The function
 * @state: ZSIM_ENABLED, ZSIM_ERROR or ZSIM_DISABLED
 *
 * Return: false when the function is not bound.
 */
bool zsim_function_move(struct zsim_function *fn, enum zsim_state state)
{
	int old = atomic_read(&fn->state);

	do {
		if (old == ZSIM_GONE || old == ZSIM_UNBOUND)
			return false;
	} while (!atomic_try_cmpxchg(&fn->state, &old, state));
	if (old == state)
		return true;
	zsim_function_tell_state(fn, state);
	if (state == ZSIM_ERROR && fn->attrs.model->failed)
		fn->attrs.model->failed(fn);
	return true;
}

static int zsim_function_bind(struct zpcifd_device *zd,
			      struct iommufd_ctx *ictx, u32 *devid)
{
	struct zsim_function *fn = to_zsim(zd);
	int ret;

	guard(mutex)(&fn->lock);
	if (atomic_read(&fn->state) == ZSIM_GONE)
		return -ENODEV;
	ret = zsim_dma_bind(fn, ictx, devid);
	if (ret)
		return ret;
	zsim_config_init(fn);
	zsim_function_start(fn);
	return 0;
}

static void zsim_function_unbind(struct zpcifd_device *zd)
{
	struct zsim_function *fn = to_zsim(zd);

	scoped_guard(mutex, &fn->lock) {
		zsim_function_set_state(fn, ZSIM_UNBOUND);
		zsim_function_reset(fn);
	}
	zsim_dma_unbind(fn);
}

/* DMA, bus mastering and interrupts stay; an error or a disabled function not */
static int zsim_function_op_reset(struct zpcifd_device *zd)
{
	struct zsim_function *fn = to_zsim(zd);

	guard(mutex)(&fn->lock);
	if (atomic_read(&fn->state) == ZSIM_GONE)
		return -EIO;
	zsim_function_reset(fn);
	zsim_config_reset(fn);
	zsim_function_start(fn);
	return 0;
}

static int zsim_function_attach(struct zpcifd_device *zd, u32 *pt_id, u64 *pgsizes)
{
	struct zsim_function *fn = to_zsim(zd);
	int ret;

	*pgsizes = PAGE_SIZE;
	ret = zsim_dma_attach(fn, pt_id);
	if (ret)
		return ret;

	guard(mutex)(&fn->lock);
	zsim_config_set_master(fn, true);
	return 0;
}

static int zsim_function_replace(struct zpcifd_device *zd, u32 *pt_id, u64 *pgsizes)
{
	*pgsizes = PAGE_SIZE;
	return zsim_dma_replace(to_zsim(zd), pt_id);
}

static void zsim_function_detach(struct zpcifd_device *zd)
{
	struct zsim_function *fn = to_zsim(zd);

	scoped_guard(mutex, &fn->lock)
		zsim_config_set_master(fn, false);
	zsim_dma_detach(fn);
}

static int zsim_function_irq_enable(struct zpcifd_device *zd, u32 type)
{
	struct zsim_function *fn = to_zsim(zd);

	guard(mutex)(&fn->lock);
	fn->irq_type = type;
	zsim_config_set_irq(fn, type, true);
	return type == ZPCIFD_IRQ_MSIX ? fn->attrs.msix : fn->attrs.msi;
}

static void zsim_function_irq_disable(struct zpcifd_device *zd)
{
	struct zsim_function *fn = to_zsim(zd);

	guard(mutex)(&fn->lock);
	zsim_config_set_irq(fn, fn->irq_type, false);
}

static void zsim_function_set_requested(struct zsim_function *fn, u32 vector,
					bool requested)
{
	spin_lock(&fn->irq_lock);
	__assign_bit(vector, fn->requested, requested);
	spin_unlock(&fn->irq_lock);
}

static int zsim_function_irq_request(struct zpcifd_device *zd, u32 vector)
{
	zsim_function_set_requested(to_zsim(zd), vector, true);
	return 0;
}

static void zsim_function_irq_free(struct zpcifd_device *zd, u32 vector)
{
	zsim_function_set_requested(to_zsim(zd), vector, false);
}

static const struct zpcifd_ops zsim_function_ops = {
	.pcilg = zsim_insn_pcilg,
	.pcistg = zsim_insn_pcistg,
	.pcistb = zsim_insn_pcistb,
	.bind = zsim_function_bind,
	.unbind = zsim_function_unbind,
	.attach = zsim_function_attach,
	.replace = zsim_function_replace,
	.detach = zsim_function_detach,
	.reset = zsim_function_op_reset,
	.irq_enable = zsim_function_irq_enable,
	.irq_disable = zsim_function_irq_disable,
	.irq_request = zsim_function_irq_request,
	.irq_free = zsim_function_irq_free,
};

static void zsim_function_fill_info(struct zsim_function *fn)
{
	const struct zsim_attrs *attrs = &fn->attrs;
	struct zpcifd_info *info = &fn->zd.info;

	info->out_features = ZPCIFD_FEATURE_SIM;
	if (attrs->mio)
		info->out_features |= ZPCIFD_FEATURE_MIO;
	if (attrs->relaxed)
		info->out_features |= ZPCIFD_FEATURE_RELAXED;
	if (attrs->msi)
		info->out_features |= ZPCIFD_FEATURE_MSI;
	if (attrs->msix)
		info->out_features |= ZPCIFD_FEATURE_MSIX;
	info->out_opcodes = BIT(ZPCIFD_OP_PCILG) | BIT(ZPCIFD_OP_PCISTG) |
			    BIT(ZPCIFD_OP_PCISTB);
	info->out_fid = attrs->fid;
	info->out_uid = attrs->uid;
	info->out_pchid = attrs->pchid;
	info->out_pft = attrs->pft;
	info->out_pfgid = ZSIM_PFGID;
	info->out_dtsm = ZSIM_DTSM;
	info->out_maxstbl = attrs->maxstbl;
	info->out_max_msi = fn->nr_vectors;
	info->out_msi_addr = ZSIM_MSI_ADDR;
	info->out_start_dma = attrs->start_dma;
	info->out_end_dma = attrs->end_dma;
	info->out_dma_mask = ~0ULL;
	memcpy(info->out_bar_size, attrs->bar_size, sizeof(attrs->bar_size));
	info->out_msi_vectors = attrs->msi;
	info->out_msix_vectors = attrs->msix;
	if (attrs->msix) {
		zsim_config_msix(attrs, &info->out_msix_table_bar,
				 &info->out_msix_table_offset,
				 &info->out_msix_pba_offset);
		info->out_msix_pba_bar = info->out_msix_table_bar;
	}
}

/* Do attributes that are each right fit together? */
int zsim_attrs_check(const struct zsim_attrs *attrs)
{
	int ret;

	if (attrs->start_dma > attrs->end_dma ||
	    !PAGE_ALIGNED(attrs->start_dma) ||
	    !PAGE_ALIGNED(attrs->end_dma + 1))
		return -EINVAL;
	ret = zsim_config_check(attrs);
	if (ret || !attrs->model->check)
		return ret;
	return attrs->model->check(attrs);
}
EXPORT_SYMBOL_IF_KUNIT(zsim_attrs_check);

static void zsim_function_free(struct zsim_function *fn)
{
	bitmap_free(fn->requested);
	kvfree(fn->vectors);
	kvfree(fn->log);
	zpcifd_put(&fn->zd);
}

/**
 * zsim_function_create - Make a function and register it
 * @attrs: What it is, as zsim_attrs_check() accepts it
 * @name: Name of its directory in debugfs
 * @vanished: Queued when the function is gone of its own accord; then call
 *	zsim_function_destroy()
 *
 * Return: the function or an error.
 */
struct zsim_function *zsim_function_create(const struct zsim_attrs *attrs,
					   const char *name,
					   struct work_struct *vanished)
{
	struct zsim_function *fn;
	int ret = -ENOMEM;

	fn = zpcifd_alloc_device(NULL, &zsim_function_ops, struct zsim_function,
				 zd);
	if (!fn)
		return ERR_PTR(-ENOMEM);

	fn->attrs = *attrs;
	fn->nr_vectors = max(attrs->msi, attrs->msix);
	mutex_init(&fn->lock);
	spin_lock_init(&fn->irq_lock);
	spin_lock_init(&fn->log_lock);
	zsim_fault_init(&fn->faults, vanished);
	zsim_dma_init(&fn->dma);
	zsim_mem_init(fn);
	atomic_set(&fn->state, ZSIM_UNBOUND);
	scoped_guard(mutex, &fn->lock)
		zsim_config_init(fn);
	zsim_function_fill_info(fn);

	fn->log = kvzalloc_objs(*fn->log, ZSIM_LOG_LEN);
	fn->vectors = kvzalloc_objs(*fn->vectors, fn->nr_vectors);
	fn->requested = bitmap_zalloc(fn->nr_vectors, GFP_KERNEL);
	if (fn->log && fn->vectors && fn->requested)
		ret = zpcifd_register(&fn->zd);
	if (ret) {
		zsim_function_free(fn);
		return ERR_PTR(ret);
	}
	zsim_debugfs_add(fn, name);
	return fn;
}
EXPORT_SYMBOL_IF_KUNIT(zsim_function_create);

/**
 * zsim_function_destroy - Remove a function, whoever uses it
 * @fn: The function
 */
void zsim_function_destroy(struct zsim_function *fn)
{
	atomic_set(&fn->state, ZSIM_GONE);
	zsim_fault_end_delay(fn);
	debugfs_remove(fn->debugfs);
	zpcifd_unregister(&fn->zd);
	zsim_function_free(fn);
}
EXPORT_SYMBOL_IF_KUNIT(zsim_function_destroy);

/**
 * zsim_function_raise - Raise an interrupt
 * @fn: The function
 * @vector: Less than zsim_function::nr_vectors
 *
 * Lost unless the framework waits for it.
 */
void zsim_function_raise(struct zsim_function *fn, u32 vector)
{
	atomic64_inc(&fn->vectors[vector]);
	spin_lock(&fn->irq_lock);
	if (test_bit(vector, fn->requested))
		zpcifd_irq_signal(&fn->zd, vector);
	spin_unlock(&fn->irq_lock);
}
