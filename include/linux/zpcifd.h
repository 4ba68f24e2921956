/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the zpcifd framework and the providers of functions
 */
#ifndef __LINUX_ZPCIFD_H
#define __LINUX_ZPCIFD_H

#include <linux/cdev.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/uidgid.h>
#include <uapi/linux/zpcifd.h>
#include <uapi/linux/zpcifd_netlink.h>

struct iommufd_ctx;
struct pid;
struct zpcifd_device;
struct zpcifd_file;
struct zpcifd_policy;
struct zpcifd_vector;

/**
 * zpcifd_req - Make the request operand of an instruction
 * @as: Address space, 0 to 5 or ZPCIFD_AS_CONFIG
 * @len: Length in bytes
 *
 * Return: the architecture's request operand, the function handle being 0
 */
static inline u64 zpcifd_req(u8 as, u32 len)
{
	return (u64)as << 16 | len;
}

/**
 * zpcifd_result - Make what the ops of instructions return
 * @cc: Condition code, 0 to 3
 * @status: Status
 *
 * Return: both in one number, not negative
 */
static inline long zpcifd_result(unsigned long cc, u8 status)
{
	return cc << 8 | status;
}

static inline u8 zpcifd_result_cc(long result)
{
	return result >> 8 & 3;
}

static inline u8 zpcifd_result_status(long result)
{
	return result;
}

/* No program check, and condition code 0 */
static inline bool zpcifd_result_worked(long result)
{
	return (unsigned long)result < 1 << 8;
}

/**
 * struct zpcifd_insn - One instruction, for code that treats all three alike
 * @opcode: enum zpcifd_opcode
 * @as: Address space, 0 to 5 or ZPCIFD_AS_CONFIG
 * @cc: Condition code
 * @status: Status
 * @len: Length in bytes
 * @offset: Offset in the address space
 * @data: PCISTG: the number to store; PCILG: the number loaded
 * @block: PCISTB: the bytes to store
 */
struct zpcifd_insn {
	u8 opcode;
	u8 as;
	u8 cc;
	u8 status;
	u32 len;
	u64 offset;
	union {
		u64 data;
		const void *block;
	};
};

/**
 * zpcifd_insn_init - Describe an instruction that is to be issued
 * @opcode: enum zpcifd_opcode
 * @req: Made by zpcifd_req()
 * @offset: Offset in the address space
 *
 * Return: the instruction, without data
 */
static inline struct zpcifd_insn zpcifd_insn_init(u8 opcode, u64 req, u64 offset)
{
	return (struct zpcifd_insn){
		.opcode = opcode,
		.as = req >> 16,
		.len = req & 0xffff,
		.offset = offset,
	};
}

/**
 * struct zpcifd_stats - What the relay did
 * @insns: Instructions issued, by enum zpcifd_opcode; retries not counted
 * @bytes: Bytes of the instructions that met condition code 0
 * @cc: Instructions that did not work at once, by the condition code that they
 *	met in the end
 * @pgm_checks: Instructions that met a program check
 * @retries: Instructions issued again after condition code 2
 * @refused: Descriptors that were refused or canceled
 */
struct zpcifd_stats {
	u64 insns[ZPCIFD_OP_PCISTB + 1];
	u64 bytes;
	u64 cc[4];
	u64 pgm_checks;
	u64 retries;
	u64 refused;
};

/**
 * struct zpcifd_ops - What a provider implements
 *
 * All ops are called in process context and may sleep. All but those of the
 * instructions are serialized for one function. zpcifd_unregister() waits until
 * every op has returned, so no op may wait without bound.
 */
struct zpcifd_ops {
	/**
	 * @pcilg: Issue one PCI Load, once. @req is made by zpcifd_req(); what
	 * was loaded goes to @data. This op and the next two are called
	 * between @bind and @unbind, concurrently for different rings, and
	 * with operands that obey the rules of the architecture. They return
	 * condition code and status as zpcifd_result() has them, or -ENXIO
	 * for a program check. The order of the
	 * arguments is that of the instructions' registers.
	 */
	long (*pcilg)(struct zpcifd_device *zd, u64 *data, u64 req, u64 offset);
	/** @pcistg: Issue one PCI Store of the number @data, once. */
	long (*pcistg)(struct zpcifd_device *zd, u64 data, u64 req, u64 offset);
	/**
	 * @pcistb: Issue one PCI Store Block of the bytes at @block, once. They
	 * are inside one page, and user space may change them at any time.
	 */
	long (*pcistb)(struct zpcifd_device *zd, const void *block, u64 req,
		       u64 offset);
	/**
	 * @bind: Claim the function's DMA for @ictx, enable and reset the
	 * function with bus mastering off. Sets @devid to the ID in @ictx.
	 */
	int (*bind)(struct zpcifd_device *zd, struct iommufd_ctx *ictx,
		    u32 *devid);
	/**
	 * @unbind: Undo @bind: reset and disable the function, release its
	 * DMA. The function is detached by then, and no instruction runs.
	 */
	void (*unbind)(struct zpcifd_device *zd);
	/**
	 * @attach: Attach to an IOAS or page table of the bound iommufd, then
	 * turn bus mastering on. Updates @pt_id, and sets @pgsizes to the page
	 * sizes that &zpcifd_info.out_pgsize_bitmap reports. A provider that
	 * does not own the function's DMA leaves @attach, @replace and @detach
	 * NULL.
	 */
	int (*attach)(struct zpcifd_device *zd, u32 *pt_id, u64 *pgsizes);
	/** @replace: As @attach, for an attached function. */
	int (*replace)(struct zpcifd_device *zd, u32 *pt_id, u64 *pgsizes);
	/** @detach: Turn bus mastering off, then undo @attach. */
	void (*detach)(struct zpcifd_device *zd);
	/**
	 * @reset: Reset the function. DMA, bus mastering and interrupts stay
	 * as they are. NULL if the provider cannot.
	 */
	int (*reset)(struct zpcifd_device *zd);
	/**
	 * @irq_enable: Make the vectors of enum zpcifd_irq_type @type
	 * available, all masked. Returns how many there are, or a negative
	 * errno. A provider that does not own the function's interrupts leaves
	 * @irq_enable, @irq_disable, @irq_request and @irq_free NULL.
	 */
	int (*irq_enable)(struct zpcifd_device *zd, u32 type);
	/** @irq_disable: Undo @irq_enable. No vector is requested by then. */
	void (*irq_disable)(struct zpcifd_device *zd);
	/** @irq_request: From now on call zpcifd_irq_signal() for @vector. */
	int (*irq_request)(struct zpcifd_device *zd, u32 vector);
	/** @irq_free: Undo @irq_request; waits for a handler that runs. */
	void (*irq_free)(struct zpcifd_device *zd, u32 vector);
};

/**
 * struct zpcifd_device - A function
 * @dev: The device in class zpcifd, /dev/zpci/zpciN
 * @info: What ZPCIFD_INFO reports of the function. The provider fills it
 *	before zpcifd_register(), then nobody changes it. The framework fills in
 *	the relay's own limits.
 *
 * The provider's own data follows in the same allocation. Counted by
 * zpcifd_get() and zpcifd_put().
 */
struct zpcifd_device {
	struct device dev;
	struct zpcifd_info info;
	/* private: */
	struct cdev cdev;
	struct zpcifd_policy *policy;

	/*
	 * Protects ops: written once, to NULL, by zpcifd_unregister(); read
	 * around every use of ops but the instructions', which the rings' own
	 * locks cover.
	 */
	struct rw_semaphore registration_lock;
	const struct zpcifd_ops *ops;

	/*
	 * Protects the owner and what belongs to it, down to nr_wired; taken
	 * inside registration_lock. Vectors' eventfds are read under RCU.
	 */
	struct mutex lock;
	/* Of rings that are gone */
	struct zpcifd_stats stats;
	struct zpcifd_file *owner;
	/* The process that made the owner, and its user; only with an owner */
	struct pid *owner_pid;
	kuid_t owner_uid;
	bool attached;
	/* Of the DMA address space, 0 when not attached; read without the lock */
	u64 pgsizes;
	struct list_head rings;
	struct zpcifd_vector *vectors;
	u32 irq_type;
	u32 nr_vectors;
	u32 nr_wired;

	/* Written by the provider, read by whoever tells it */
	enum zpcifd_state state;

	/*
	 * Held while a chain runs, so that chains do not interleave; taken
	 * inside a ring's lock
	 */
	struct mutex chain_lock;
};

struct zpcifd_device *__zpcifd_alloc_device(struct device *parent,
					    const struct zpcifd_ops *ops,
					    size_t size);

/**
 * zpcifd_alloc_device - Allocate a function
 * @parent: Device that the function is reached through, or NULL
 * @ops: Provider's operations
 * @drv_struct: Provider's struct that starts with a struct zpcifd_device
 * @member: Name of the struct zpcifd_device in @drv_struct
 *
 * Free it with zpcifd_put().
 *
 * Return: a pointer to @drv_struct, zeroed but for @member; NULL on failure.
 */
#define zpcifd_alloc_device(parent, ops, drv_struct, member)               \
	({                                                                 \
		static_assert(__same_type(struct zpcifd_device,            \
					  ((drv_struct *)NULL)->member));  \
		static_assert(offsetof(drv_struct, member) == 0);          \
		(drv_struct *)__zpcifd_alloc_device(parent, ops,           \
						    sizeof(drv_struct));   \
	})

static inline struct zpcifd_device *zpcifd_get(struct zpcifd_device *zd)
{
	get_device(&zd->dev);
	return zd;
}

static inline void zpcifd_put(struct zpcifd_device *zd)
{
	if (zd)
		put_device(&zd->dev);
}

DEFINE_FREE(zpcifd, struct zpcifd_device *, zpcifd_put(_T))

int zpcifd_register(struct zpcifd_device *zd);
void zpcifd_unregister(struct zpcifd_device *zd);
void zpcifd_irq_signal(struct zpcifd_device *zd, u32 vector);
void zpcifd_set_state(struct zpcifd_device *zd, enum zpcifd_state state);

#endif /* __LINUX_ZPCIFD_H */
