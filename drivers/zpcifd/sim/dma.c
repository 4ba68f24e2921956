// SPDX-License-Identifier: GPL-2.0-only
/*
 * The function's DMA: iommufd's access objects and nothing else. Memory that a
 * function keeps is pinned; it is given back at once when user space unmaps it,
 * and taken again when the function gets another DMA address space.
 */
#include <linux/cleanup.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sim.h"

void zsim_dma_init(struct zsim_dma *dma)
{
	mutex_init(&dma->pin_lock);
	mutex_init(&dma->lock);
	INIT_LIST_HEAD(&dma->pins);
}

/* Nobody waits for user space with dma->lock held: other functions need it */
static void zsim_dma_put(struct zsim_dma *dma, struct zsim_pin *pin)
{
	lockdep_assert_held(&dma->pin_lock);

	if (!pin->pinned)
		return;
	scoped_guard(mutex, &dma->lock)
		pin->pinned = false;
	iommufd_access_unpin_pages(dma->access, pin->iova, pin->len);
}

static int zsim_dma_get(struct zsim_dma *dma, struct zsim_pin *pin)
{
	int ret;

	lockdep_assert_held(&dma->pin_lock);

	ret = iommufd_access_pin_pages(dma->access, pin->iova, pin->len,
				       pin->pages, IOMMUFD_ACCESS_RW_WRITE);
	if (ret)
		return ret;

	guard(mutex)(&dma->lock);
	pin->pinned = true;
	return 0;
}

static void zsim_dma_unmap(void *data, unsigned long iova, unsigned long length)
{
	struct zsim_dma *dma = data;
	struct zsim_pin *pin;

	guard(mutex)(&dma->pin_lock);
	list_for_each_entry(pin, &dma->pins, node)
		if (pin->iova <= iova + (length - 1) &&
		    iova <= pin->iova + (pin->len - 1))
			zsim_dma_put(dma, pin);
}

static const struct iommufd_access_ops zsim_dma_access_ops = {
	.needs_pin_pages = 1,
	.unmap = zsim_dma_unmap,
};

int zsim_dma_bind(struct zsim_function *fn, struct iommufd_ctx *ictx,
		  u32 *devid)
{
	struct zsim_dma *dma = &fn->dma;
	struct iommufd_access *access;

	access = iommufd_access_create(ictx, &zsim_dma_access_ops, dma, devid);
	if (IS_ERR(access))
		return PTR_ERR(access);
	dma->access = access;
	return 0;
}

/* All that was pinned has been given back by the model's reset */
void zsim_dma_unbind(struct zsim_function *fn)
{
	iommufd_access_destroy(fn->dma.access);
	fn->dma.access = NULL;
}

/* What cannot be pinned in the new address space stays without memory */
static void zsim_dma_repin(struct zsim_dma *dma)
{
	struct zsim_pin *pin;

	guard(mutex)(&dma->pin_lock);
	list_for_each_entry(pin, &dma->pins, node)
		if (!pin->pinned)
			zsim_dma_get(dma, pin);
}

int zsim_dma_attach(struct zsim_function *fn, u32 *pt_id)
{
	int ret;

	ret = iommufd_access_attach(fn->dma.access, *pt_id);
	if (!ret)
		zsim_dma_repin(&fn->dma);
	return ret;
}

int zsim_dma_replace(struct zsim_function *fn, u32 *pt_id)
{
	int ret;

	ret = iommufd_access_replace(fn->dma.access, *pt_id);
	if (!ret)
		zsim_dma_repin(&fn->dma);
	return ret;
}

void zsim_dma_detach(struct zsim_function *fn)
{
	iommufd_access_detach(fn->dma.access);
}

static int zsim_dma_check(struct zsim_function *fn, u64 iova, size_t len)
{
	lockdep_assert_held(&fn->lock);

	if (!zsim_config_masters(fn))
		return -EACCES;
	if (iova < fn->attrs.start_dma || iova > fn->attrs.end_dma ||
	    len - 1 > fn->attrs.end_dma - iova)
		return -ERANGE;
	return 0;
}

/**
 * zsim_dma_rw - Read or write memory of user space
 * @fn: The function
 * @iova: DMA address
 * @data: Read into, or written from
 * @len: Bytes, not 0
 * @write: Write
 *
 * Return: 0; -EACCES when the function is not a bus master; -ERANGE outside of
 * its DMA range; another errno when the memory is not mapped for it.
 */
int zsim_dma_rw(struct zsim_function *fn, u64 iova, void *data, size_t len,
		bool write)
{
	int ret;

	ret = zsim_dma_check(fn, iova, len);
	if (ret)
		return ret;
	return iommufd_access_rw(fn->dma.access, iova, data, len,
				 write ? IOMMUFD_ACCESS_RW_WRITE :
					 IOMMUFD_ACCESS_RW_READ);
}

/**
 * zsim_dma_pin - Keep memory of user space
 * @fn: The function
 * @iova: DMA address, on a page
 * @len: Bytes, whole pages, not 0
 *
 * Return: the memory, which zsim_dma_unpin() gives back, or an error as
 * zsim_dma_rw() has it.
 */
struct zsim_pin *zsim_dma_pin(struct zsim_function *fn, u64 iova, size_t len)
{
	struct zsim_dma *dma = &fn->dma;
	int ret;

	ret = zsim_dma_check(fn, iova, len);
	if (ret)
		return ERR_PTR(ret);

	struct zsim_pin *pin __free(kfree) =
		kzalloc_flex(*pin, pages, len / PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (!pin)
		return ERR_PTR(-ENOMEM);
	pin->iova = iova;
	pin->len = len;

	guard(mutex)(&dma->pin_lock);
	ret = zsim_dma_get(dma, pin);
	if (ret)
		return ERR_PTR(ret);
	list_add(&pin->node, &dma->pins);
	return no_free_ptr(pin);
}

void zsim_dma_unpin(struct zsim_function *fn, struct zsim_pin *pin)
{
	struct zsim_dma *dma = &fn->dma;

	guard(mutex)(&dma->pin_lock);
	zsim_dma_put(dma, pin);
	list_del(&pin->node);
	kfree(pin);
}

/* Is it still there? */
bool zsim_dma_pinned(struct zsim_function *fn, const struct zsim_pin *pin)
{
	guard(mutex)(&fn->dma.lock);
	return pin->pinned;
}
