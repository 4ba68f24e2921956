// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions are made and removed in configfs: a directory in
 * /sys/kernel/config/zpcifd_sim/ is a function, its attributes say what it is,
 * and 1 stored to the attribute live brings it to life.
 */
#include <linux/cleanup.h>
#include <linux/configfs.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "sim.h"

/**
 * struct zsim_dir - A directory
 * @item: The directory
 * @attrs: What the function is, or will be
 * @fn: The function while it lives
 * @vanished: Removes a function that is gone of its own accord
 */
struct zsim_dir {
	struct config_item item;
	/** @lock: Protects all below */
	struct mutex lock;
	struct zsim_attrs attrs;
	struct zsim_function *fn;
	struct work_struct vanished;
};

/* Function IDs of living functions */
static DEFINE_XARRAY(zsim_dir_fids);

/* Function ID of the next directory, until it is told otherwise */
static atomic_t zsim_dir_next_fid = ATOMIC_INIT(1);

static const struct zsim_model * const zsim_dir_models[] = {
	&zsim_model_registers,
	&zsim_model_ism,
};

static struct zsim_dir *to_zsim_dir(struct config_item *item)
{
	return container_of(item, struct zsim_dir, item);
}

static int zsim_dir_check_any(u64 value)
{
	return 0;
}

/* Lengths of a strict PCISTB are multiples of 8 */
static int zsim_dir_check_maxstbl(u64 value)
{
	return value < 8 ? -ERANGE : value % 8 ? -EINVAL : 0;
}

/* The MSI capability counts vectors in powers of two */
static int zsim_dir_check_msi(u64 value)
{
	return value && !is_power_of_2(value) ? -EINVAL : 0;
}

static int zsim_dir_check_bar(u64 value)
{
	if (!value)
		return 0;
	return value < ZSIM_PAGE_SIZE ? -ERANGE :
	       is_power_of_2(value) ? 0 : -EINVAL;
}

/*
 * An attribute that is a number up to _max and passes _check. ERANGE is for a
 * number that is too small or too large, EINVAL for one that is not right
 * otherwise, EBUSY for a function that lives.
 */
#define ZSIM_DIR_ATTR(_name, _type, _field, _format, _max, _check)	\
static typeof(_type) *zsim_dir_##_name(struct zsim_dir *dir)		\
{									\
	lockdep_assert_held(&dir->lock);				\
	return &dir->attrs._field;					\
}									\
									\
static ssize_t zsim_dir_##_name##_show(struct config_item *item,	\
				       char *page)			\
{									\
	struct zsim_dir *dir = to_zsim_dir(item);			\
									\
	guard(mutex)(&dir->lock);					\
	return sysfs_emit(page, _format "\n",				\
			  *zsim_dir_##_name(dir));			\
}									\
									\
static ssize_t zsim_dir_##_name##_store(struct config_item *item,	\
					const char *page, size_t count)	\
{									\
	struct zsim_dir *dir = to_zsim_dir(item);			\
	u64 value;							\
	int ret;							\
									\
	ret = kstrtou64(page, 0, &value);				\
	if (ret)							\
		return ret;						\
	if (value > (_max))						\
		return -ERANGE;						\
	ret = _check(value);						\
	if (ret)							\
		return ret;						\
									\
	guard(mutex)(&dir->lock);					\
	if (dir->fn)							\
		return -EBUSY;						\
	*zsim_dir_##_name(dir) = value;					\
	return count;							\
}									\
CONFIGFS_ATTR(zsim_dir_, _name)

ZSIM_DIR_ATTR(fid, u32, fid, "%#x", U32_MAX, zsim_dir_check_any);
ZSIM_DIR_ATTR(uid, u32, uid, "%#x", U32_MAX, zsim_dir_check_any);
ZSIM_DIR_ATTR(fabric, u16, pchid, "%#x", U16_MAX, zsim_dir_check_any);
ZSIM_DIR_ATTR(pft, u8, pft, "%u", U8_MAX, zsim_dir_check_any);
ZSIM_DIR_ATTR(maxstbl, u16, maxstbl, "%u", ZSIM_MAX_STBL,
	      zsim_dir_check_maxstbl);
ZSIM_DIR_ATTR(relaxed, bool, relaxed, "%u", 1, zsim_dir_check_any);
ZSIM_DIR_ATTR(mio, bool, mio, "%u", 1, zsim_dir_check_any);
ZSIM_DIR_ATTR(bar0, u64, bar_size[0], "%llu", ZSIM_MAX_BAR,
	      zsim_dir_check_bar);
ZSIM_DIR_ATTR(bar1, u64, bar_size[1], "%llu", ZSIM_MAX_BAR,
	      zsim_dir_check_bar);
ZSIM_DIR_ATTR(bar2, u64, bar_size[2], "%llu", ZSIM_MAX_BAR,
	      zsim_dir_check_bar);
ZSIM_DIR_ATTR(bar3, u64, bar_size[3], "%llu", ZSIM_MAX_BAR,
	      zsim_dir_check_bar);
ZSIM_DIR_ATTR(bar4, u64, bar_size[4], "%llu", ZSIM_MAX_BAR,
	      zsim_dir_check_bar);
ZSIM_DIR_ATTR(bar5, u64, bar_size[5], "%llu", ZSIM_MAX_BAR,
	      zsim_dir_check_bar);
ZSIM_DIR_ATTR(msi, u16, msi, "%u", ZSIM_MAX_MSI, zsim_dir_check_msi);
ZSIM_DIR_ATTR(msix, u16, msix, "%u", ZSIM_MAX_MSIX, zsim_dir_check_any);
ZSIM_DIR_ATTR(start_dma, u64, start_dma, "%#llx", U64_MAX,
	      zsim_dir_check_any);
ZSIM_DIR_ATTR(end_dma, u64, end_dma, "%#llx", U64_MAX,
	      zsim_dir_check_any);

static ssize_t zsim_dir_model_show(struct config_item *item, char *page)
{
	struct zsim_dir *dir = to_zsim_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%s\n", dir->attrs.model->name);
}

/* What a function of the model is, but for the identifiers that it has */
static void zsim_dir_set_model(struct zsim_attrs *attrs,
			       const struct zsim_model *model)
{
	struct zsim_attrs old = *attrs;

	*attrs = model->defaults;
	attrs->model = model;
	attrs->fid = old.fid;
	attrs->uid = old.uid;
	attrs->pchid = old.pchid;
}

static ssize_t zsim_dir_model_store(struct config_item *item,
				    const char *page, size_t count)
{
	struct zsim_dir *dir = to_zsim_dir(item);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zsim_dir_models); i++)
		if (sysfs_streq(page, zsim_dir_models[i]->name))
			break;
	if (i == ARRAY_SIZE(zsim_dir_models))
		return -EINVAL;

	guard(mutex)(&dir->lock);
	if (dir->fn)
		return -EBUSY;
	zsim_dir_set_model(&dir->attrs, zsim_dir_models[i]);
	return count;
}
CONFIGFS_ATTR(zsim_dir_, model);

/* The function's name in /dev/zpci, an empty line while it does not live */
static ssize_t zsim_dir_name_show(struct config_item *item, char *page)
{
	struct zsim_dir *dir = to_zsim_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%s\n",
			  dir->fn ? dev_name(&dir->fn->zd.dev) : "");
}
CONFIGFS_ATTR_RO(zsim_dir_, name);

static int zsim_dir_activate(struct zsim_dir *dir)
{
	struct zsim_function *fn;
	int ret;

	lockdep_assert_held(&dir->lock);

	if (dir->fn)
		return -EBUSY;
	ret = zsim_attrs_check(&dir->attrs);
	if (ret)
		return ret;
	ret = xa_insert(&zsim_dir_fids, dir->attrs.fid, dir,
			GFP_KERNEL);
	if (ret)
		return ret == -EBUSY ? -EEXIST : ret;
	fn = zsim_function_create(&dir->attrs, config_item_name(&dir->item),
				  &dir->vanished);
	if (IS_ERR(fn)) {
		xa_erase(&zsim_dir_fids, dir->attrs.fid);
		return PTR_ERR(fn);
	}
	dir->fn = fn;
	return 0;
}

static int zsim_dir_deactivate(struct zsim_dir *dir)
{
	lockdep_assert_held(&dir->lock);

	if (!dir->fn)
		return -ENODEV;
	zsim_function_destroy(dir->fn);
	dir->fn = NULL;
	xa_erase(&zsim_dir_fids, dir->attrs.fid);
	return 0;
}

static void zsim_dir_vanished(struct work_struct *work)
{
	struct zsim_dir *dir = container_of(work, struct zsim_dir, vanished);

	guard(mutex)(&dir->lock);
	/* Unless user space was faster */
	if (dir->fn && atomic_read(&dir->fn->state) == ZSIM_GONE)
		zsim_dir_deactivate(dir);
}

static ssize_t zsim_dir_live_show(struct config_item *item, char *page)
{
	struct zsim_dir *dir = to_zsim_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%u\n", !!dir->fn);
}

static ssize_t zsim_dir_live_store(struct config_item *item,
				   const char *page, size_t count)
{
	struct zsim_dir *dir = to_zsim_dir(item);
	bool live;
	int ret;

	ret = kstrtobool(page, &live);
	if (ret)
		return ret;

	guard(mutex)(&dir->lock);
	ret = live ? zsim_dir_activate(dir) :
		     zsim_dir_deactivate(dir);
	return ret ?: count;
}
CONFIGFS_ATTR(zsim_dir_, live);

/* Faults of a living function: see fault.c */
#define ZSIM_DIR_FAULT(_name)						\
static ssize_t zsim_dir_fault_##_name##_show(struct config_item *item,	\
					     char *page)		\
{									\
	struct zsim_dir *dir = to_zsim_dir(item);			\
									\
	guard(mutex)(&dir->lock);					\
	if (!dir->fn)							\
		return -ENODEV;						\
	return zsim_fault_##_name##_show(dir->fn, page);		\
}									\
									\
static ssize_t zsim_dir_fault_##_name##_store(struct config_item *item,	\
					      const char *page,		\
					      size_t count)		\
{									\
	struct zsim_dir *dir = to_zsim_dir(item);			\
									\
	guard(mutex)(&dir->lock);					\
	if (!dir->fn)							\
		return -ENODEV;						\
	return zsim_fault_##_name##_store(dir->fn, page) ?: count;	\
}									\
CONFIGFS_ATTR(zsim_dir_, fault_##_name)

ZSIM_DIR_FAULT(busy);
ZSIM_DIR_FAULT(answer);
ZSIM_DIR_FAULT(state);
ZSIM_DIR_FAULT(delay);
ZSIM_DIR_FAULT(remove);

static struct configfs_attribute *zsim_dir_attrs[] = {
	&zsim_dir_attr_fid,
	&zsim_dir_attr_uid,
	&zsim_dir_attr_fabric,
	&zsim_dir_attr_pft,
	&zsim_dir_attr_maxstbl,
	&zsim_dir_attr_relaxed,
	&zsim_dir_attr_mio,
	&zsim_dir_attr_bar0,
	&zsim_dir_attr_bar1,
	&zsim_dir_attr_bar2,
	&zsim_dir_attr_bar3,
	&zsim_dir_attr_bar4,
	&zsim_dir_attr_bar5,
	&zsim_dir_attr_msi,
	&zsim_dir_attr_msix,
	&zsim_dir_attr_start_dma,
	&zsim_dir_attr_end_dma,
	&zsim_dir_attr_model,
	&zsim_dir_attr_name,
	&zsim_dir_attr_live,
	&zsim_dir_attr_fault_busy,
	&zsim_dir_attr_fault_answer,
	&zsim_dir_attr_fault_state,
	&zsim_dir_attr_fault_delay,
	&zsim_dir_attr_fault_remove,
	NULL
};

static void zsim_dir_release(struct config_item *item)
{
	struct zsim_dir *dir = to_zsim_dir(item);

	mutex_destroy(&dir->lock);
	kfree(dir);
}

static struct configfs_item_operations zsim_dir_item_ops = {
	.release = zsim_dir_release,
};

static const struct config_item_type zsim_dir_type = {
	.ct_item_ops = &zsim_dir_item_ops,
	.ct_attrs = zsim_dir_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_item *zsim_dir_make(struct config_group *group,
					 const char *name)
{
	struct zsim_dir *dir;

	dir = kzalloc_obj(*dir);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	mutex_init(&dir->lock);
	INIT_WORK(&dir->vanished, zsim_dir_vanished);
	dir->attrs.fid = atomic_fetch_inc(&zsim_dir_next_fid);
	zsim_dir_set_model(&dir->attrs, &zsim_model_registers);
	config_item_init_type_name(&dir->item, name, &zsim_dir_type);
	return &dir->item;
}

/* rmdir: no attribute of the directory is used any more, now or later */
static void zsim_dir_drop(struct config_group *group,
			  struct config_item *item)
{
	struct zsim_dir *dir = to_zsim_dir(item);

	scoped_guard(mutex, &dir->lock)
		zsim_dir_deactivate(dir);
	/* Nothing queues it any more */
	cancel_work_sync(&dir->vanished);
	config_item_put(item);
}

static struct configfs_group_operations zsim_dir_group_ops = {
	.make_item = zsim_dir_make,
	.drop_item = zsim_dir_drop,
};

static const struct config_item_type zsim_dir_root_type = {
	.ct_group_ops = &zsim_dir_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem zsim_dir_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "zpcifd_sim",
			.ci_type = &zsim_dir_root_type,
		},
	},
};

int zsim_configfs_init(void)
{
	config_group_init(&zsim_dir_subsys.su_group);
	mutex_init(&zsim_dir_subsys.su_mutex);
	return configfs_register_subsystem(&zsim_dir_subsys);
}

void zsim_configfs_exit(void)
{
	configfs_unregister_subsystem(&zsim_dir_subsys);
	mutex_destroy(&zsim_dir_subsys.su_mutex);
	xa_destroy(&zsim_dir_fids);
}
