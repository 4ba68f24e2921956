// SPDX-License-Identifier: GPL-2.0-only
/*
 * The provider of physical functions: a PCI driver that takes functions by
 * driver_override only, owns their DMA through iommufd, and enables, resets
 * and disables them for the framework.
 */
#include <linux/delay.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci_hotplug.h>
#include <linux/sched.h>

#include "../compat.h"
#include "s390.h"

/* How often, every 20 ms, another holder of the PCI device's lock is waited for */
#define ZPCIFD_S390_LOCK_TRIES 250

static struct zpcifd_s390 *to_zpcifd_s390(struct zpcifd_device *zd)
{
	return container_of(zd, struct zpcifd_s390, zd);
}

/**
 * zpcifd_s390_lock - Take the PCI device's lock for an op
 * @zf: The function
 *
 * It keeps resets by sysfs and by recovery away: one in the middle makes iommufd
 * fail to change the DMA address space, turns bus mastering back on, or lets the
 * platform signal interrupts to memory that was freed. Remove holds that lock
 * while it waits for the framework's ops, so nothing here may wait for the lock
 * itself, and nothing that is called under the lock may wait for the framework's
 * locks.
 *
 * Return: 0 with the lock held, by remove or by this task; -ENODEV while another
 * task runs remove; -EBUSY when somebody else keeps it for too long
 */
int zpcifd_s390_lock(struct zpcifd_s390 *zf)
{
	unsigned int tries = ZPCIFD_S390_LOCK_TRIES;

	if (READ_ONCE(zf->remover) == current)
		return 0;
	while (!pci_dev_trylock(zf->pdev)) {
		if (READ_ONCE(zf->remover))
			return -ENODEV;
		if (!tries--)
			return -EBUSY;
		msleep(20);
	}
	return 0;
}

/**
 * zpcifd_s390_unlock - Undo zpcifd_s390_lock()
 * @zf: The function
 */
void zpcifd_s390_unlock(struct zpcifd_s390 *zf)
{
	if (READ_ONCE(zf->remover) != current)
		pci_dev_unlock(zf->pdev);
}

static int zpcifd_s390_reset_slot(struct pci_dev *pdev)
{
	struct hotplug_slot *slot = pdev->slot ? pdev->slot->hotplug : NULL;

	if (!slot || !slot->ops->reset_slot)
		return -ENOTTY;
	return slot->ops->reset_slot(slot, PCI_RESET_DO_RESET);
}

/* Can its config space be read? Not in error, and an error lasts under the lock. */
static bool zpcifd_s390_answers(struct zpcifd_s390 *zf)
{
	u32 id;

	device_lock_assert(&zf->pdev->dev);

	pci_read_config_dword(zf->pdev, PCI_VENDOR_ID, &id);
	return !PCI_POSSIBLE_ERROR(id);
}

/* Config space as it was before anybody owned the function */
static void zpcifd_s390_restore(struct zpcifd_s390 *zf)
{
	pci_load_saved_state(zf->pdev, zf->saved);
	pci_restore_state(zf->pdev);
	if (zf->master)
		pci_set_master(zf->pdev);
}

/*
 * Resets the function and restores its config space: as it was before, if it can
 * be told, or as it was before anybody owned the function
 */
static int zpcifd_s390_reset(struct zpcifd_s390 *zf, bool keep)
{
	struct pci_dev *pdev = zf->pdev;
	int ret;

	device_lock_assert(&pdev->dev);

	if (keep) {
		pci_save_state(pdev);
		/* What was saved of one in error by then would be all ones */
		keep = zpcifd_s390_answers(zf);
	}
	/* No DMA and no interrupts from here on */
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	ret = __pci_reset_function_locked(pdev);
	/*
	 * The PCI core knows no way to reset a function that was plugged in at
	 * run time: while it asks, the slot is busy with plugging it in.
	 */
	if (ret == -ENOTTY)
		ret = zpcifd_s390_reset_slot(pdev);
	if (keep)
		pci_restore_state(pdev);
	else
		zpcifd_s390_restore(zf);
	return ret;
}

static int zpcifd_s390_start(struct zpcifd_s390 *zf)
{
	int ret;

	/*
	 * A function that cannot be reset would hand on what its last owner
	 * left in it.
	 */
	ret = zpcifd_s390_reset(zf, false);
	if (ret)
		return ret == -ENOTTY ? -EOPNOTSUPP : ret;
	zf->needs_reset = false;
	return pci_enable_device(zf->pdev);
}

static int zpcifd_s390_bind(struct zpcifd_device *zd, struct iommufd_ctx *ictx,
			    u32 *devid)
{
	struct zpcifd_s390 *zf = to_zpcifd_s390(zd);
	struct iommufd_device *idev;
	int ret;

	ret = zpcifd_s390_lock(zf);
	if (ret)
		return ret;
	idev = iommufd_device_bind(ictx, &zf->pdev->dev, devid);
	if (IS_ERR(idev)) {
		ret = PTR_ERR(idev);
	} else {
		ret = zpcifd_s390_start(zf);
		if (ret)
			iommufd_device_unbind(idev);
		else
			zf->idev = idev;
	}
	zpcifd_s390_unlock(zf);
	return ret;
}

static void zpcifd_s390_unbind(struct zpcifd_device *zd)
{
	struct zpcifd_s390 *zf = to_zpcifd_s390(zd);
	int ret = zpcifd_s390_lock(zf);

	pci_disable_device(zf->pdev);
	/* No need to complain: the next bind or remove tries again */
	zf->needs_reset = ret || zpcifd_s390_reset(zf, false);
	iommufd_device_unbind(zf->idev);
	zf->idev = NULL;
	if (!ret)
		zpcifd_s390_unlock(zf);
}

/* Of the domain that iommufd has just attached, and keeps until it is detached */
static u64 zpcifd_s390_pgsizes(struct zpcifd_s390 *zf)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&zf->pdev->dev);

	return domain ? domain->pgsize_bitmap : 0;
}

static int zpcifd_s390_attach(struct zpcifd_device *zd, u32 *pt_id, u64 *pgsizes)
{
	struct zpcifd_s390 *zf = to_zpcifd_s390(zd);
	int ret;

	ret = zpcifd_s390_lock(zf);
	if (ret)
		return ret;
	ret = iommufd_device_attach(zf->idev, IOMMU_NO_PASID, pt_id);
	if (!ret) {
		*pgsizes = zpcifd_s390_pgsizes(zf);
		zf->master = true;
		pci_set_master(zf->pdev);
	}
	zpcifd_s390_unlock(zf);
	return ret;
}

static int zpcifd_s390_replace(struct zpcifd_device *zd, u32 *pt_id, u64 *pgsizes)
{
	struct zpcifd_s390 *zf = to_zpcifd_s390(zd);
	int ret;

	ret = zpcifd_s390_lock(zf);
	if (ret)
		return ret;
	ret = iommufd_device_replace(zf->idev, IOMMU_NO_PASID, pt_id);
	if (!ret)
		*pgsizes = zpcifd_s390_pgsizes(zf);
	zpcifd_s390_unlock(zf);
	return ret;
}

static void zpcifd_s390_detach(struct zpcifd_device *zd)
{
	struct zpcifd_s390 *zf = to_zpcifd_s390(zd);
	int ret = zpcifd_s390_lock(zf);

	zf->master = false;
	pci_clear_master(zf->pdev);
	iommufd_device_detach(zf->idev, IOMMU_NO_PASID);
	if (!ret)
		zpcifd_s390_unlock(zf);
}

static int zpcifd_s390_reset_op(struct zpcifd_device *zd)
{
	struct zpcifd_s390 *zf = to_zpcifd_s390(zd);
	int ret;

	ret = zpcifd_s390_lock(zf);
	if (ret)
		return ret;
	ret = zpcifd_s390_reset(zf, true);
	/* Before the lock is given up, as recovery may find a new error then */
	if (!ret)
		zpcifd_set_state(zd, ZPCIFD_STATE_ONLINE);
	zpcifd_s390_unlock(zf);
	return ret ? -EIO : 0;
}

static const struct zpcifd_ops zpcifd_s390_ops = {
	.pcilg = zpcifd_s390_pcilg,
	.pcistg = zpcifd_s390_pcistg,
	.pcistb = zpcifd_s390_pcistb,
	.bind = zpcifd_s390_bind,
	.unbind = zpcifd_s390_unbind,
	.attach = zpcifd_s390_attach,
	.replace = zpcifd_s390_replace,
	.detach = zpcifd_s390_detach,
	.reset = zpcifd_s390_reset_op,
	.irq_enable = zpcifd_s390_irq_enable,
	.irq_disable = zpcifd_s390_irq_disable,
	.irq_request = zpcifd_s390_irq_request,
	.irq_free = zpcifd_s390_irq_free,
};

static void zpcifd_s390_query_msi(struct pci_dev *pdev,
				  struct zpcifd_info *info)
{
	int vectors = pci_msi_vec_count(pdev);
	u32 table, pba;

	if (vectors > 0) {
		info->out_features |= ZPCIFD_FEATURE_MSI;
		info->out_msi_vectors = vectors;
	}

	vectors = pci_msix_vec_count(pdev);
	if (vectors <= 0)
		return;
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE, &table);
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_PBA, &pba);
	info->out_features |= ZPCIFD_FEATURE_MSIX;
	info->out_msix_vectors = vectors;
	info->out_msix_table_bar = table & PCI_MSIX_TABLE_BIR;
	info->out_msix_table_offset = table & PCI_MSIX_TABLE_OFFSET;
	info->out_msix_pba_bar = pba & PCI_MSIX_PBA_BIR;
	info->out_msix_pba_offset = pba & PCI_MSIX_PBA_OFFSET;
}

static int zpcifd_s390_query_all(struct zpcifd_s390 *zf)
{
	struct zpcifd_info *info = &zf->zd.info;
	int ret;

	ret = zpcifd_s390_query(READ_ONCE(zf->zdev->fh), info);
	if (ret)
		return ret;
	/* CLP's range, less what the kernel's DMA tables do not reach */
	info->out_start_dma = zf->zdev->start_dma;
	info->out_end_dma = zf->zdev->end_dma;
	zpcifd_s390_query_msi(zf->pdev, info);
	return 0;
}

/* Takes the config space that every reset goes back to */
static int zpcifd_s390_save(struct zpcifd_s390 *zf)
{
	int ret;

	ret = pci_enable_device(zf->pdev);
	if (ret)
		return ret;
	pci_clear_master(zf->pdev);
	pci_save_state(zf->pdev);
	zf->saved = pci_store_saved_state(zf->pdev);
	pci_disable_device(zf->pdev);
	return zf->saved ? 0 : -ENOMEM;
}

static int zpcifd_s390_probe(struct pci_dev *pdev,
			     const struct pci_device_id *id)
{
	struct zpcifd_s390 *zf;
	int ret;

	zf = zpcifd_alloc_device(&pdev->dev, &zpcifd_s390_ops,
				 struct zpcifd_s390, zd);
	if (!zf)
		return -ENOMEM;
	zf->pdev = pdev;
	zf->zdev = to_zpci(pdev);
	pci_set_drvdata(pdev, zf);

	ret = zpcifd_s390_query_all(zf);
	if (!ret)
		ret = zpcifd_s390_save(zf);
	if (!ret)
		ret = zpcifd_register(&zf->zd);
	if (ret) {
		kfree(zf->saved);
		zpcifd_put(&zf->zd);
	}
	return ret;
}

static void zpcifd_s390_remove(struct pci_dev *pdev)
{
	struct zpcifd_s390 *zf = pci_get_drvdata(pdev);

	WRITE_ONCE(zf->remover, current);
	zpcifd_unregister(&zf->zd);
	if (zf->needs_reset && zpcifd_s390_reset(zf, false))
		pci_info(pdev, "left by its last owner without a reset\n");
	kfree(zf->saved);
	zpcifd_put(&zf->zd);
}

static pci_ers_result_t
zpcifd_s390_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct zpcifd_s390 *zf = pci_get_drvdata(pdev);

	if (state == pci_channel_io_perm_failure) {
		zpcifd_set_state(&zf->zd, ZPCIFD_STATE_FAILED);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	zpcifd_set_state(&zf->zd, ZPCIFD_STATE_ERROR);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t zpcifd_s390_slot_reset(struct pci_dev *pdev)
{
	struct zpcifd_s390 *zf = pci_get_drvdata(pdev);

	zpcifd_s390_restore(zf);
	zpcifd_set_state(&zf->zd, ZPCIFD_STATE_ONLINE);
	return PCI_ERS_RESULT_RECOVERED;
}

/* There is nothing to resume, but 6.12 recovers nothing without this handler */
static void zpcifd_s390_resume(struct pci_dev *pdev)
{
}

static const struct pci_error_handlers zpcifd_s390_error_handlers = {
	.error_detected = zpcifd_s390_error_detected,
	.slot_reset = zpcifd_s390_slot_reset,
	.resume = zpcifd_s390_resume,
};

/* Without a table of IDs, it takes a function by driver_override only */
static struct pci_driver zpcifd_s390_driver = {
	.name = "zpcifd",
	.probe = zpcifd_s390_probe,
	.remove = zpcifd_s390_remove,
	.err_handler = &zpcifd_s390_error_handlers,
	.driver_managed_dma = true,
};
module_pci_driver(zpcifd_s390_driver);

MODULE_DESCRIPTION("Relay of PCI instructions to physical zPCI functions");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZPCIFD");
MODULE_IMPORT_NS("IOMMUFD");
