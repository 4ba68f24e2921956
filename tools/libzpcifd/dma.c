// SPDX-License-Identifier: MIT
/*
 * DMA: address spaces of iommufd, and the function's use of them
 */
#include <assert.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <linux/iommufd.h>

#include "lib.h"

static_assert((int)ZPCIFD_DMA_FIXED == IOMMU_IOAS_MAP_FIXED_IOVA, "flag of iommufd");
static_assert((int)ZPCIFD_DMA_WRITE == IOMMU_IOAS_MAP_WRITEABLE, "flag of iommufd");
static_assert((int)ZPCIFD_DMA_READ == IOMMU_IOAS_MAP_READABLE, "flag of iommufd");

static const char *hint_of(int err)
{
	switch (err) {
	case -ENOTCONN:
		return "bind the function first";
	case -ENODEV:
		return "the function is gone";
	case -ENOENT:
		return "no such object in the function's iommufd";
	default:
		return NULL;
	}
}

static int fail(struct zpcifd *f, const char *op, int err, const char *hint)
{
	if (!hint)
		hint = hint_of(err);
	return __zpcifd_fail(f, f->name, op, err, hint ? "%s" : NULL, hint);
}

static int attach(struct zpcifd *f, unsigned long cmd, const char *op,
		  uint32_t *pt_id, const char *inval)
{
	struct zpcifd_attach attach = {
		.size = sizeof(attach),
		.pt_id = *pt_id,
	};

	if (ioctl(f->fd, cmd, &attach)) {
		int err = -errno;

		return fail(f, op, err, err == -EINVAL ? inval : NULL);
	}
	*pt_id = attach.pt_id;
	/* An error is that the function is gone, which the next call tells */
	__zpcifd_get_info(f);
	return 0;
}

int zpcifd_attach(struct zpcifd *f, uint32_t *pt_id)
{
	return attach(f, ZPCIFD_ATTACH, "attach", pt_id,
		      "the function is attached already, or this is no DMA address space that it can use");
}

int zpcifd_replace(struct zpcifd *f, uint32_t *pt_id)
{
	return attach(f, ZPCIFD_REPLACE, "replace", pt_id,
		      "the function is not attached, or this is no DMA address space that it can use");
}

int zpcifd_detach(struct zpcifd *f)
{
	struct zpcifd_detach detach = { .size = sizeof(detach) };

	if (ioctl(f->fd, ZPCIFD_DETACH, &detach)) {
		int err = -errno;

		return fail(f, "detach", err,
			    err == -EINVAL ? "the function is not attached" : NULL);
	}
	__zpcifd_get_info(f);
	return 0;
}

static int iommu_call(struct zpcifd *f, unsigned long cmd, void *arg)
{
	if (f->iommufd < 0)
		return -ENOTCONN;
	return ioctl(f->iommufd, cmd, arg) ? -errno : 0;
}

/*
 * iommufd knows the range of a physical function once it is attached, but never
 * that of a simulated one
 */
static int allow_range(struct zpcifd *f, uint32_t ioas_id)
{
	struct iommu_iova_range range = {
		.start = f->info.out_start_dma,
		.last = f->info.out_end_dma,
	};
	struct iommu_ioas_allow_iovas allow = {
		.size = sizeof(allow),
		.ioas_id = ioas_id,
		.num_iovas = 1,
		.allowed_iovas = (uintptr_t)&range,
	};

	return iommu_call(f, IOMMU_IOAS_ALLOW_IOVAS, &allow);
}

int zpcifd_ioas_alloc(struct zpcifd *f, uint32_t *ioas_id)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_destroy destroy = { .size = sizeof(destroy) };
	int err;

	err = iommu_call(f, IOMMU_IOAS_ALLOC, &alloc);
	if (err)
		return fail(f, "allocate a DMA address space", err, NULL);
	err = allow_range(f, alloc.out_ioas_id);
	if (err) {
		destroy.id = alloc.out_ioas_id;
		iommu_call(f, IOMMU_DESTROY, &destroy);
		return fail(f, "set the range of a DMA address space", err, NULL);
	}
	*ioas_id = alloc.out_ioas_id;
	return 0;
}

static const char *map_hint(int err)
{
	switch (err) {
	case -ENOMEM:
		return "the limit of locked memory may be too low, see 'ulimit -l'";
	case -ENOSPC:
		return "no free range of DMA addresses is long enough";
	case -EINVAL:
		return "address and length must be whole pages that the function can reach";
	case -EEXIST:
	case -EADDRINUSE:
		return "something is mapped at this DMA address";
	case -EFAULT:
		return "the memory is not there, or not writable";
	default:
		return NULL;
	}
}

int zpcifd_dma_map(struct zpcifd *f, uint32_t ioas_id, void *addr, size_t len,
		   unsigned int flags, uint64_t *iova)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = flags,
		.ioas_id = ioas_id,
		.user_va = (uintptr_t)addr,
		.length = len,
		.iova = flags & ZPCIFD_DMA_FIXED ? *iova : 0,
	};
	int err = iommu_call(f, IOMMU_IOAS_MAP, &map);

	if (err)
		return fail(f, "map memory for DMA", err, map_hint(err));
	*iova = map.iova;
	return 0;
}

int zpcifd_dma_unmap(struct zpcifd *f, uint32_t ioas_id, uint64_t iova,
		     size_t len)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas_id,
		.iova = iova,
		.length = len,
	};
	int err = iommu_call(f, IOMMU_IOAS_UNMAP, &unmap);

	if (err)
		return fail(f, "unmap memory from DMA", err,
			    err == -ENOENT ? "no mapping starts or ends there" : NULL);
	return 0;
}
