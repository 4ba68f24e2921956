// SPDX-License-Identifier: GPL-2.0-only
/*
 * zpcifd: a zPCI function as a file descriptor. The class, the device files
 * and their ioctls.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "zpcifd_private.h"

#define ZPCIFD_MAX_DEVICES 4096
static_assert(ZPCIFD_MAX_DEVICES < (1U << MINORBITS));

static dev_t zpcifd_dev;
static DEFINE_IDA(zpcifd_ida);

/**
 * struct zpcifd_ucmd - An ioctl that is being carried out
 * @zf: The file
 * @ubuffer: The user's structure
 * @cmd: The kernel's copy, completed with zeros
 * @user_size: Length of the user's structure
 */
struct zpcifd_ucmd {
	struct zpcifd_file *zf;
	void __user *ubuffer;
	void *cmd;
	u32 user_size;
};

static int zpcifd_ucmd_respond(struct zpcifd_ucmd *ucmd, size_t cmd_len)
{
	if (copy_to_user(ucmd->ubuffer, ucmd->cmd,
			 min_t(size_t, ucmd->user_size, cmd_len)))
		return -EFAULT;
	return 0;
}

static int zpcifd_cmd_info(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_info *cmd = ucmd->cmd;

	if (cmd->flags)
		return -EOPNOTSUPP;
	*cmd = ucmd->zf->zd->info;
	cmd->size = sizeof(*cmd);
	cmd->out_pgsize_bitmap = READ_ONCE(ucmd->zf->zd->pgsizes);
	cmd->out_ring_flags = ZPCIFD_RING_EVENTFD;
	if (zpcifd_sqpoll_allowed())
		cmd->out_ring_flags |= ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF;
	return zpcifd_ucmd_respond(ucmd, sizeof(*cmd));
}

static int zpcifd_cmd_bind_iommufd(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_bind_iommufd *cmd = ucmd->cmd;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ret = zpcifd_device_bind(ucmd->zf, cmd->iommufd, &cmd->out_devid);
	if (ret)
		return ret;
	ret = zpcifd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		zpcifd_device_unbind(ucmd->zf, false);
	return ret;
}

static int zpcifd_cmd_attach(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_attach *cmd = ucmd->cmd;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ret = zpcifd_device_attach(ucmd->zf, &cmd->pt_id);
	if (ret)
		return ret;
	ret = zpcifd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		zpcifd_device_detach(ucmd->zf);
	return ret;
}

static int zpcifd_cmd_replace(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_attach *cmd = ucmd->cmd;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ret = zpcifd_device_replace(ucmd->zf, &cmd->pt_id);
	if (ret)
		return ret;
	/* As in iommufd, the replacement stays if the answer cannot be stored */
	return zpcifd_ucmd_respond(ucmd, sizeof(*cmd));
}

static int zpcifd_cmd_detach(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_detach *cmd = ucmd->cmd;

	if (cmd->flags)
		return -EOPNOTSUPP;
	return zpcifd_device_detach(ucmd->zf);
}

static int zpcifd_cmd_ring_create(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_ring_create *cmd = ucmd->cmd;
	int ret;

	if (cmd->flags & ~(ZPCIFD_RING_SQPOLL | ZPCIFD_RING_SQ_AFF |
			   ZPCIFD_RING_EVENTFD))
		return -EOPNOTSUPP;
	CLASS(get_unused_fd, fd)(O_CLOEXEC);
	if (fd < 0)
		return fd;
	struct file *file __free(fput) = zpcifd_device_create_ring(ucmd->zf, cmd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	cmd->out_fd = fd;
	ret = zpcifd_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		return ret;
	fd_install(take_fd(fd), no_free_ptr(file));
	return 0;
}

static int zpcifd_cmd_irq_set(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_irq_set *cmd = ucmd->cmd;
	bool trigger = cmd->flags & ZPCIFD_IRQ_TRIGGER;

	if (cmd->flags & ~ZPCIFD_IRQ_TRIGGER || cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->type != ZPCIFD_IRQ_MSI && cmd->type != ZPCIFD_IRQ_MSIX)
		return -EOPNOTSUPP;
	if (cmd->count > zpcifd_irq_max_vectors(&ucmd->zf->zd->info))
		return -EINVAL;
	if (trigger && cmd->eventfds)
		return -EINVAL;

	s32 *fds __free(kvfree) = trigger ? NULL :
		vmemdup_array_user(u64_to_user_ptr(cmd->eventfds), cmd->count,
				   sizeof(*fds));
	if (IS_ERR(fds))
		return PTR_ERR(fds);
	return zpcifd_device_set_irq(ucmd->zf, cmd, fds);
}

static int zpcifd_cmd_reset(struct zpcifd_ucmd *ucmd)
{
	struct zpcifd_reset *cmd = ucmd->cmd;

	if (cmd->flags)
		return -EOPNOTSUPP;
	return zpcifd_device_reset(ucmd->zf);
}

/* On stack memory for the ioctl structs */
union zpcifd_ucmd_buffer {
	struct zpcifd_info info;
	struct zpcifd_bind_iommufd bind_iommufd;
	struct zpcifd_attach attach;
	struct zpcifd_detach detach;
	struct zpcifd_ring_create ring_create;
	struct zpcifd_irq_set irq_set;
	struct zpcifd_reset reset;
};

struct zpcifd_ioctl_op {
	unsigned int size;
	unsigned int min_size;
	unsigned int ioctl_num;
	int (*execute)(struct zpcifd_ucmd *ucmd);
};

#define IOCTL_OP(_ioctl, _fn, _struct, _last)                               \
	[_IOC_NR(_ioctl) - ZPCIFD_CMD_BASE] = {                             \
		.size = sizeof(_struct) +                                   \
			BUILD_BUG_ON_ZERO(sizeof(union zpcifd_ucmd_buffer) < \
					  sizeof(_struct)),                 \
		.min_size = offsetofend(_struct, _last),                    \
		.ioctl_num = _ioctl,                                        \
		.execute = _fn,                                             \
	}
static const struct zpcifd_ioctl_op zpcifd_ioctl_ops[] = {
	IOCTL_OP(ZPCIFD_INFO, zpcifd_cmd_info, struct zpcifd_info, out_max_chain),
	IOCTL_OP(ZPCIFD_BIND_IOMMUFD, zpcifd_cmd_bind_iommufd,
		 struct zpcifd_bind_iommufd, out_devid),
	IOCTL_OP(ZPCIFD_ATTACH, zpcifd_cmd_attach, struct zpcifd_attach, pt_id),
	IOCTL_OP(ZPCIFD_REPLACE, zpcifd_cmd_replace, struct zpcifd_attach, pt_id),
	IOCTL_OP(ZPCIFD_DETACH, zpcifd_cmd_detach, struct zpcifd_detach, flags),
	IOCTL_OP(ZPCIFD_RING_CREATE, zpcifd_cmd_ring_create,
		 struct zpcifd_ring_create, out_mmap_len),
	IOCTL_OP(ZPCIFD_IRQ_SET, zpcifd_cmd_irq_set, struct zpcifd_irq_set, eventfds),
	IOCTL_OP(ZPCIFD_RESET, zpcifd_cmd_reset, struct zpcifd_reset, flags),
};

static long zpcifd_fops_ioctl(struct file *filp, unsigned int cmd,
			      unsigned long arg)
{
	struct zpcifd_file *zf = filp->private_data;
	const struct zpcifd_ioctl_op *op;
	union zpcifd_ucmd_buffer buf;
	struct zpcifd_ucmd ucmd = {
		.zf = zf,
		.ubuffer = (void __user *)arg,
		.cmd = &buf,
	};
	unsigned int nr = _IOC_NR(cmd) - ZPCIFD_CMD_BASE;
	int ret;

	if (nr >= ARRAY_SIZE(zpcifd_ioctl_ops))
		return -ENOIOCTLCMD;
	op = &zpcifd_ioctl_ops[nr];
	if (op->ioctl_num != cmd)
		return -ENOIOCTLCMD;

	ret = get_user(ucmd.user_size, (u32 __user *)ucmd.ubuffer);
	if (ret)
		return ret;
	if (ucmd.user_size < op->min_size)
		return -EINVAL;
	if (ucmd.user_size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(ucmd.cmd, op->size, ucmd.ubuffer,
				    ucmd.user_size);
	if (ret)
		return ret;

	guard(rwsem_read)(&zf->zd->registration_lock);
	if (!zf->zd->ops)
		return -ENODEV;
	return op->execute(&ucmd);
}

static int zpcifd_fops_open(struct inode *inode, struct file *filp)
{
	struct zpcifd_device *zd =
		container_of(inode->i_cdev, struct zpcifd_device, cdev);

	guard(rwsem_read)(&zd->registration_lock);
	if (!zd->ops)
		return -ENODEV;

	struct zpcifd_file *zf __free(kfree) =
		kzalloc(sizeof(*zf), GFP_KERNEL_ACCOUNT);
	if (!zf)
		return -ENOMEM;
	zf->zd = zpcifd_get(zd);
	filp->private_data = no_free_ptr(zf);
	return 0;
}

static int zpcifd_fops_release(struct inode *inode, struct file *filp)
{
	struct zpcifd_file *zf = filp->private_data;

	scoped_guard(rwsem_read, &zf->zd->registration_lock) {
		/* Without ops, zpcifd_unregister() has done it */
		if (zf->zd->ops)
			zpcifd_device_unbind(zf, false);
	}
	zpcifd_put(zf->zd);
	kfree(zf);
	return 0;
}

static const struct file_operations zpcifd_fops = {
	.owner = THIS_MODULE,
	.open = zpcifd_fops_open,
	.release = zpcifd_fops_release,
	.unlocked_ioctl = zpcifd_fops_ioctl,
};

static ssize_t fid_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct zpcifd_device *zd = container_of(dev, struct zpcifd_device, dev);

	return sysfs_emit(buf, "0x%08x\n", zd->info.out_fid);
}
static DEVICE_ATTR_RO(fid);

static ssize_t uid_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct zpcifd_device *zd = container_of(dev, struct zpcifd_device, dev);

	return sysfs_emit(buf, "0x%08x\n", zd->info.out_uid);
}
static DEVICE_ATTR_RO(uid);

static struct attribute *zpcifd_attrs[] = {
	&dev_attr_fid.attr,
	&dev_attr_uid.attr,
	NULL,
};
ATTRIBUTE_GROUPS(zpcifd);

static void zpcifd_device_release(struct device *device)
{
	struct zpcifd_device *zd =
		container_of(device, struct zpcifd_device, dev);

	ida_free(&zpcifd_ida, zd->dev.devt - zpcifd_dev);
	mutex_destroy(&zd->chain_lock);
	mutex_destroy(&zd->lock);
	kvfree(zd->vectors);
	kfree(zd->policy);
	kfree(zd);
}

static char *zpcifd_devnode(const struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "zpci/%s", dev_name(dev));
}

static struct class zpcifd_class = {
	.name = "zpcifd",
	.dev_release = zpcifd_device_release,
	.dev_groups = zpcifd_groups,
	.devnode = zpcifd_devnode,
};

static struct zpcifd_device *
zpcifd_init_device(struct device *parent, const struct zpcifd_ops *ops,
		   size_t size)
{
	struct zpcifd_device *zd __free(kfree) = kzalloc(size, GFP_KERNEL);
	int devnum;

	if (!zd)
		return NULL;
	struct zpcifd_policy *policy __free(kfree) =
		kzalloc(sizeof(*policy), GFP_KERNEL);
	if (!policy)
		return NULL;
	devnum = ida_alloc_max(&zpcifd_ida, ZPCIFD_MAX_DEVICES - 1, GFP_KERNEL);
	if (devnum < 0)
		return NULL;

	zd->dev.devt = zpcifd_dev + devnum;
	zd->dev.class = &zpcifd_class;
	zd->dev.parent = parent;
	zd->ops = ops;
	zd->policy = no_free_ptr(policy);
	init_rwsem(&zd->registration_lock);
	mutex_init(&zd->lock);
	mutex_init(&zd->chain_lock);
	INIT_LIST_HEAD(&zd->rings);
	device_initialize(&zd->dev);
	return_ptr(zd);
}

/* Providers use the zpcifd_alloc_device() wrapper */
struct zpcifd_device *__zpcifd_alloc_device(struct device *parent,
					    const struct zpcifd_ops *ops,
					    size_t size)
{
	struct zpcifd_device *zd __free(zpcifd) =
		zpcifd_init_device(parent, ops, size);

	if (!zd)
		return NULL;
	cdev_init(&zd->cdev, &zpcifd_fops);
	/* zpcifd_unregister() parts open files from the provider's module */
	zd->cdev.owner = THIS_MODULE;
	if (dev_set_name(&zd->dev, "zpci%d", zd->dev.devt - zpcifd_dev))
		return NULL;
	return_ptr(zd);
}
EXPORT_SYMBOL_NS_GPL(__zpcifd_alloc_device, "ZPCIFD");

/**
 * zpcifd_register - Make a function visible
 * @zd: Allocated by zpcifd_alloc_device(), &zpcifd_device.info filled
 *
 * On return the function can be opened, and the provider's ops may be called.
 *
 * Context: process context
 *
 * Return: 0; -EINVAL if @info places the MSI-X table in a BAR that cannot be;
 * -ENOMEM; or what device_add() returned
 */
int zpcifd_register(struct zpcifd_device *zd)
{
	struct zpcifd_info *info = &zd->info;
	int ret;

	if (info->out_msix_table_bar >= ZPCIFD_NR_BARS ||
	    info->out_msix_pba_bar >= ZPCIFD_NR_BARS)
		return -EINVAL;

	info->out_opcodes = ZPCIFD_OPCODES;
	info->out_max_sq_entries = ZPCIFD_MAX_SQ_ENTRIES;
	info->out_max_cq_entries = ZPCIFD_MAX_CQ_ENTRIES;
	info->out_max_data_len = ZPCIFD_MAX_DATA_LEN;
	info->out_max_chain = ZPCIFD_MAX_CHAIN;
	info->out_max_windows = ZPCIFD_MAX_WINDOWS;
	zpcifd_policy_init(zd->policy, info);
	zd->vectors = kvcalloc(zpcifd_irq_max_vectors(info), sizeof(*zd->vectors),
			       GFP_KERNEL);
	if (!zd->vectors)
		return -ENOMEM;

	/* Nobody opens it before it was told that the function is there */
	guard(rwsem_write)(&zd->registration_lock);
	ret = zpcifd_netlink_add(zd);
	if (ret)
		return ret;
	ret = cdev_device_add(&zd->cdev, &zd->dev);
	if (ret) {
		zpcifd_netlink_del(zd);
		return ret;
	}
	zpcifd_event(zd, ZPCIFD_NL_CMD_DEV_ADDED);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(zpcifd_register, "ZPCIFD");

/**
 * zpcifd_unregister - Undo zpcifd_register()
 * @zd: A registered function
 *
 * Ends the ownership if there is one. On return no op runs, and none will; the
 * provider's module may go. Files and rings that are still open give -ENODEV.
 * The caller still owns its reference, see zpcifd_put().
 *
 * Context: process context. Waits for ops that run, but not for user space.
 */
void zpcifd_unregister(struct zpcifd_device *zd)
{
	cdev_device_del(&zd->cdev, &zd->dev);

	guard(rwsem_write)(&zd->registration_lock);
	if (zd->owner)
		zpcifd_device_unbind(zd->owner, true);
	zd->ops = NULL;
	zpcifd_netlink_del(zd);
	zpcifd_event(zd, ZPCIFD_NL_CMD_DEV_REMOVED);
}
EXPORT_SYMBOL_NS_GPL(zpcifd_unregister, "ZPCIFD");

static int __init zpcifd_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&zpcifd_dev, 0, ZPCIFD_MAX_DEVICES, "zpcifd");
	if (ret)
		return ret;
	ret = class_register(&zpcifd_class);
	if (ret)
		goto unregister_region;
	ret = zpcifd_netlink_init();
	if (ret)
		goto unregister_class;
	return 0;

unregister_class:
	class_unregister(&zpcifd_class);
unregister_region:
	unregister_chrdev_region(zpcifd_dev, ZPCIFD_MAX_DEVICES);
	return ret;
}

static void __exit zpcifd_exit(void)
{
	zpcifd_netlink_exit();
	class_unregister(&zpcifd_class);
	unregister_chrdev_region(zpcifd_dev, ZPCIFD_MAX_DEVICES);
}

module_init(zpcifd_init);
module_exit(zpcifd_exit);
MODULE_DESCRIPTION("zPCI functions as file descriptors");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("IOMMUFD");
