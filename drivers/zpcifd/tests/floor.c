// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's floor: what an instruction costs that the kernel issues in a
 * loop, with nothing around it. The loops are over the kernel's own wrappers,
 * __zpci_load() and __zpci_store_block(), which return on condition code 0
 * without another call.
 *
 * Measures when it is loaded, on a function with memory in BAR 4 that may be
 * stored to from 0x1000 on, as QEMU's virtio functions have it. Only for the
 * benchmark's guest: it asks nobody whether the function is in use.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <asm/pci_insn.h>
#include <asm/pci_io.h>

#define FLOOR_BAR	4
#define FLOOR_STORE	0x1000
#define FLOOR_OPS	50000

static char *function;
module_param(function, charp, 0);
MODULE_PARM_DESC(function, "PCI address of the function");

static void floor_report(const char *name, u64 nsec)
{
	pr_info("bench: %s 1 %llu.%02llu\n", name, nsec / FLOOR_OPS,
		nsec % FLOOR_OPS * 100 / FLOOR_OPS);
}

static int floor_load4(u32 fh)
{
	u64 req = ZPCI_CREATE_REQ(fh, FLOOR_BAR, 4);
	u64 data, start = ktime_get_ns();
	int i, ret = 0;

	for (i = 0; i < FLOOR_OPS && !ret; i++)
		ret = __zpci_load(&data, req, 0);
	if (!ret)
		floor_report("floor-load4", ktime_get_ns() - start);
	return ret;
}

static int floor_block128(u32 fh, const u64 *block)
{
	u64 req = ZPCI_CREATE_REQ(fh, FLOOR_BAR, 128);
	u64 start = ktime_get_ns();
	int i, ret = 0;

	for (i = 0; i < FLOOR_OPS && !ret; i++)
		ret = __zpci_store_block(block, req, FLOOR_STORE);
	if (!ret)
		floor_report("floor-block128", ktime_get_ns() - start);
	return ret;
}

static int __init floor_init(void)
{
	struct device *dev __free(put_device) = NULL;
	void *block __free(kfree) = kzalloc(128, GFP_KERNEL);
	struct pci_dev *pdev;
	int ret;

	if (!block)
		return -ENOMEM;
	if (function)
		dev = bus_find_device_by_name(&pci_bus_type, NULL, function);
	if (!dev)
		return -ENODEV;
	pdev = to_pci_dev(dev);
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = floor_load4(to_zpci(pdev)->fh) ?:
	      floor_block128(to_zpci(pdev)->fh, block);
	pci_disable_device(pdev);
	return ret;
}
module_init(floor_init);

static void __exit floor_exit(void)
{
}
module_exit(floor_exit);

MODULE_DESCRIPTION("Floor of the zpcifd benchmark");
MODULE_LICENSE("GPL");
