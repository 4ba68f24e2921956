/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels lack
 *
 * zpcifd is written against the newest kernel's interfaces. This file gives
 * them to older kernels (6.12 is the oldest one) under the newest kernel's
 * names: include it, then use those.
 */
#ifndef __ZPCIFD_COMPAT_H
#define __ZPCIFD_COMPAT_H

#include <linux/export.h>
#include <linux/io_uring/cmd.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <uapi/linux/vfio.h>

/*
 * A symbol namespace is a string since 6.13 and a bare word before. What these
 * two stand on has always taken a string, so it needs no test.
 */
#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns) __EXPORT_SYMBOL(sym, "GPL", ns)
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)

/*
 * iommufd_device_attach() and its kin take a PASID since 6.15. iommufd itself
 * has no macro to tell, but VFIO got its flag for the same argument with it.
 */
#ifndef VFIO_DEVICE_ATTACH_PASID
static inline int zpcifd_compat_attach(struct iommufd_device *idev,
				       ioasid_t pasid, u32 *pt_id)
{
	return iommufd_device_attach(idev, pt_id);
}

static inline int zpcifd_compat_replace(struct iommufd_device *idev,
					ioasid_t pasid, u32 *pt_id)
{
	return iommufd_device_replace(idev, pt_id);
}

static inline void zpcifd_compat_detach(struct iommufd_device *idev,
					ioasid_t pasid)
{
	iommufd_device_detach(idev);
}

#define iommufd_device_attach zpcifd_compat_attach
#define iommufd_device_replace zpcifd_compat_replace
#define iommufd_device_detach zpcifd_compat_detach
#endif

/* A macro that takes the type of the payload in newer kernels, a function in older ones */
#ifndef io_uring_sqe_cmd
#define io_uring_sqe_cmd(sqe, type) ((const type *)(sqe)->cmd)
#endif

#endif /* __ZPCIFD_COMPAT_H */
