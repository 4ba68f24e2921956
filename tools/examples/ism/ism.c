// SPDX-License-Identifier: GPL-2.0
/*
 * An ISM function is bound, gets DMA, a ring and its interrupt, and memory for
 * SBA, IEQ and DMBs
 *
 * A DMB must not cross a multiple of 1 MiB of DMA addresses, so DMA addresses
 * are given out here and not by the kernel: SBA and IEQ have the first MiB that
 * the function can use, and every DMB one of its own by its index.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include "ism.h"

/**
 * ism_fail - Say what went wrong
 * @ism: The function
 * @err: A negative errno
 * @fmt: The sentence
 *
 * Return: @err
 */
int ism_fail(struct ism *ism, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ism->why, sizeof(ism->why), fmt, ap);
	va_end(ap);
	return err;
}

/* What the library says of its own failures */
static int check(struct ism *ism, int ret)
{
	if (ret < 0)
		ism_fail(ism, ret, "%s", zpcifd_strerror(ism->zf));
	return ret;
}

static uint64_t segment(const struct ism *ism, unsigned int num)
{
	uint64_t start = zpcifd_info(ism->zf)->out_start_dma;

	return (start + ISM_HW_SEGMENT - 1) / ISM_HW_SEGMENT * ISM_HW_SEGMENT +
	       (uint64_t)num * ISM_HW_SEGMENT;
}

/* New memory of zeros that the function can reach at @iova */
static int map(struct ism *ism, void **addr, uint64_t iova, size_t len)
{
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (mem == MAP_FAILED) {
		ret = -errno;
		return ism_fail(ism, ret, "%s: allocate %zu bytes: %s",
				zpcifd_name(ism->zf), len, strerror(-ret));
	}
	ret = check(ism, zpcifd_dma_map(ism->zf, ism->ioas, mem, len,
					ZPCIFD_DMA_FIXED | ZPCIFD_DMA_READ |
					ZPCIFD_DMA_WRITE, &iova));
	if (ret) {
		munmap(mem, len);
		return ret;
	}
	*addr = mem;
	return 0;
}

static void unmap(struct ism *ism, void *addr, uint64_t iova, size_t len)
{
	zpcifd_dma_unmap(ism->zf, ism->ioas, iova, len);
	munmap(addr, len);
}

/**
 * ism_dmb_alloc - Make memory for a DMB
 * @ism: The function
 * @dmb: Out: the memory, not registered yet
 * @idx: Its index, ISM_HW_FIRST_DMB or more, not in use
 * @len: Its length, whole pages, up to ISM_HW_SEGMENT
 */
int ism_dmb_alloc(struct ism *ism, struct ism_dmb *dmb, uint32_t idx,
		  uint32_t len)
{
	struct ism_dmb new = {
		.iova = segment(ism, 1 + idx - ISM_HW_FIRST_DMB),
		.len = len,
		.idx = idx,
	};
	int ret;

	if (idx < ISM_HW_FIRST_DMB || idx >= ISM_HW_NR_DMBS || !len ||
	    len % ISM_HW_PAGE || len > ISM_HW_SEGMENT)
		return ism_fail(ism, -EINVAL,
				"%s: DMB %u of %u bytes: the index is %u to %u, the length whole pages up to 1 MiB",
				zpcifd_name(ism->zf), idx, len,
				ISM_HW_FIRST_DMB, ISM_HW_NR_DMBS - 1);
	ret = map(ism, &new.addr, new.iova, len);
	if (!ret)
		*dmb = new;
	return ret;
}

/** ism_dmb_free - Give the memory of a DMB back that is not registered any more */
void ism_dmb_free(struct ism *ism, struct ism_dmb *dmb)
{
	if (!dmb->addr)
		return;
	unmap(ism, dmb->addr, dmb->iova, dmb->len);
	*dmb = (struct ism_dmb){ 0 };
}

static int check_type(struct ism *ism)
{
	const struct zpcifd_info *info = zpcifd_info(ism->zf);

	if (info->out_pft != ISM_HW_PFT || !info->out_msi_vectors ||
	    !(info->out_features & ZPCIFD_FEATURE_RELAXED) ||
	    info->out_maxstbl < ISM_HW_PAGE)
		return ism_fail(ism, -ENODEV,
				"%s is no ISM function: type %u, %u MSI vectors, PCISTB up to %u bytes; 'zpctl list' shows the types",
				zpcifd_name(ism->zf), info->out_pft,
				info->out_msi_vectors, info->out_maxstbl);
	return 0;
}

static int attach(struct ism *ism)
{
	uint32_t pt_id;
	int ret;

	ret = zpcifd_bind(ism->zf, -1);
	if (!ret)
		ret = zpcifd_ioas_alloc(ism->zf, &ism->ioas);
	if (!ret) {
		pt_id = ism->ioas;
		ret = zpcifd_attach(ism->zf, &pt_id);
	}
	if (!ret)
		ret = zpcifd_ring_create(ism->zf, &ism->ring, ISM_CHAIN, 0,
					 ism->payload_len + ISM_HW_PAGE);
	return check(ism, ret);
}

static int wire(struct ism *ism)
{
	ism->irqfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ism->irqfd < 0)
		return ism_fail(ism, -errno, "%s: eventfd: %m",
				zpcifd_name(ism->zf));
	return check(ism, zpcifd_irq_set(ism->zf, ZPCIFD_IRQ_MSI, 0, 1,
					 &ism->irqfd));
}

static int register_queues(struct ism *ism)
{
	void *sba, *ieq;
	int ret;

	ret = map(ism, &sba, segment(ism, 0), ISM_HW_PAGE);
	if (ret)
		return ret;
	ism->sba = sba;
	ret = map(ism, &ieq, segment(ism, 0) + ISM_HW_PAGE, ISM_HW_PAGE);
	if (ret)
		return ret;
	ism->ieq = ieq;

	ret = ism_register_sba(ism, segment(ism, 0));
	ism->sba_registered = !ret;
	if (ret)
		return ret;
	ret = ism_register_ieq(ism, segment(ism, 0) + ISM_HW_PAGE);
	ism->ieq_registered = !ret;
	return ret;
}

/**
 * ism_open - Take an ISM function into use
 * @ism: Out: the function; it has SBA, IEQ and its interrupt
 * @name: Its name, as zpcifd_open() takes it
 * @payload_len: How much can wait to be stored: bytes of ism_payload(), whole
 *	pages
 *
 * ism_close() after a failure as well.
 */
int ism_open(struct ism *ism, const char *name, uint32_t payload_len)
{
	int ret;

	*ism = (struct ism){ .payload_len = payload_len, .irqfd = -1 };
	ism->ring.fd = -1;
	ret = check(ism, zpcifd_open(name, &ism->zf));
	if (!ret)
		ret = check_type(ism);
	if (!ret)
		ret = attach(ism);
	if (!ret)
		ret = wire(ism);
	if (!ret)
		ret = register_queues(ism);
	if (!ret)
		ret = ism_read_gid(ism, &ism->gid);
	return ret;
}

/**
 * ism_close - Give the function back
 * @ism: The function, its DMBs unregistered and freed
 *
 * In the order in which it stops to use memory: IEQ and SBA are unregistered,
 * then unmapped.
 *
 * Return: 0, or why one of them could not be unregistered; the function is given
 * back and reset in any case.
 */
int ism_close(struct ism *ism)
{
	int ret = 0;

	if (!ism->zf)
		return 0;
	if (ism->ieq_registered)
		ret = ism_unregister_ieq(ism);
	if (ism->sba_registered && !ret)
		ret = ism_unregister_sba(ism);
	if (ism->ieq)
		unmap(ism, ism->ieq, segment(ism, 0) + ISM_HW_PAGE, ISM_HW_PAGE);
	if (ism->sba)
		unmap(ism, ism->sba, segment(ism, 0), ISM_HW_PAGE);
	if (ism->irqfd >= 0)
		close(ism->irqfd);
	zpcifd_ring_destroy(&ism->ring);
	zpcifd_close(ism->zf);
	ism->zf = NULL;
	return ret;
}
