// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simulated zPCI functions, made and removed through configfs
 */
#include <linux/module.h>

#include "../compat.h"
#include "sim.h"

static int __init zsim_init(void)
{
	int ret;

	zsim_debugfs_init();
	ret = zsim_configfs_init();
	if (ret)
		zsim_debugfs_exit();
	return ret;
}
module_init(zsim_init);

static void __exit zsim_exit(void)
{
	zsim_configfs_exit();
	zsim_debugfs_exit();
}
module_exit(zsim_exit);

MODULE_DESCRIPTION("Simulated zPCI functions for zpcifd");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("IOMMUFD");
MODULE_IMPORT_NS("ZPCIFD");
