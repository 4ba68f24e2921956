// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory behind BARs: a page is there from the first store to it, and reads
 * as zeros before. The pages of all of a function's BARs are limited in number,
 * so that BARs may be of any size.
 */
#include <linux/slab.h>

#include "sim.h"

void zsim_mem_init(struct zsim_function *fn)
{
	unsigned int i;

	for (i = 0; i < ZPCIFD_NR_BARS; i++)
		xa_init(&fn->mem[i]);
}

void zsim_mem_free(struct zsim_function *fn)
{
	unsigned long index;
	unsigned int i;
	void *page;

	lockdep_assert_held(&fn->lock);

	for (i = 0; i < ZPCIFD_NR_BARS; i++) {
		xa_for_each(&fn->mem[i], index, page)
			kfree(page);
		xa_destroy(&fn->mem[i]);
	}
	fn->mem_pages = 0;
}

/* No instruction crosses a page */
void zsim_mem_load(struct zsim_function *fn, u8 bar, u64 offset, u32 len,
		   u8 *bytes)
{
	u8 *page;

	lockdep_assert_held(&fn->lock);

	page = xa_load(&fn->mem[bar], offset / ZSIM_PAGE_SIZE);
	if (page)
		memcpy(bytes, page + offset % ZSIM_PAGE_SIZE, len);
	else
		memset(bytes, 0, len);
}

int zsim_mem_store(struct zsim_function *fn, u8 bar, u64 offset, u32 len,
		   const u8 *bytes)
{
	unsigned long index = offset / ZSIM_PAGE_SIZE;
	u8 *page;
	int ret;

	lockdep_assert_held(&fn->lock);

	page = xa_load(&fn->mem[bar], index);
	if (!page) {
		if (fn->mem_pages == ZSIM_MEM_PAGES)
			return -ENOSPC;
		page = kzalloc(ZSIM_PAGE_SIZE, GFP_KERNEL_ACCOUNT);
		if (!page)
			return -ENOMEM;
		ret = xa_err(xa_store(&fn->mem[bar], index, page,
				      GFP_KERNEL_ACCOUNT));
		if (ret) {
			kfree(page);
			return ret;
		}
		fn->mem_pages++;
	}
	memcpy(page + offset % ZSIM_PAGE_SIZE, bytes, len);
	return 0;
}
