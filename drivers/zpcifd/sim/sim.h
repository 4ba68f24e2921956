/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the simulator share. Calls run downward: configfs,
 * function, insn, a model, then config, dma, mem and debugfs.
 *
 * Byte order is the architecture's on every host: the byte at the lowest offset
 * is the most significant one of a register's value, and a register in a BAR
 * holds a big-endian number.
 *
 * Locks, outermost first: zsim_dir::lock, zsim_function::lock, then either
 * zsim_dma::pin_lock or the fabric's lock (ism_fabric.c), then zsim_dma::lock.
 * The spinlocks are leaves.
 */
#ifndef __ZPCIFD_SIM_H
#define __ZPCIFD_SIM_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <linux/zpcifd.h>

#include "ism.h"

struct dentry;
struct iommufd_access;
struct page;
struct work_struct;
struct zsim_function;

#define ZSIM_PAGE_SIZE		SZ_4K
#define ZSIM_CONFIG_LEN		SZ_4K
/* Config space beyond the capabilities that config.c lays out is read only */
#define ZSIM_CONFIG_WRITABLE	256
/* Pages that stand behind the BARs of one function, all together */
#define ZSIM_MEM_PAGES		256
#define ZSIM_LOG_LEN		4096
#define ZSIM_MAX_STBL		SZ_4K
#define ZSIM_MAX_MSI		32
#define ZSIM_MAX_MSIX		2048
/* The largest BAR: a whole 256 TiB, as the ISM function's data space */
#define ZSIM_MAX_BAR		BIT_ULL(48)

/* Status with condition code 1 */
enum zsim_status {
	ZSIM_ST_BLOCKED = 12,
	ZSIM_ST_RESOURCES = 16,
	ZSIM_ST_INVALID_AS = 20,
	ZSIM_ST_NOT_AVAILABLE = 40,
};

/**
 * enum zsim_state - What a function does with an instruction
 * @ZSIM_ENABLED: Executes it
 * @ZSIM_ERROR: Condition code 1, blocked
 * @ZSIM_DISABLED: Condition code 3: its handle is not valid
 * @ZSIM_UNBOUND: As disabled, until it is bound
 * @ZSIM_GONE: As disabled, and nothing enables it again
 */
enum zsim_state {
	ZSIM_ENABLED,
	ZSIM_ERROR,
	ZSIM_DISABLED,
	ZSIM_UNBOUND,
	ZSIM_GONE,
};

/**
 * struct zsim_attrs - What a function is
 * @model: How it behaves
 * @bar_size: Bytes of each BAR, 0 for none
 * @start_dma: First DMA address
 * @end_dma: Last DMA address
 * @fid: Function ID
 * @uid: User-defined ID
 * @pchid: Physical channel ID
 * @maxstbl: Largest PCISTB in bytes
 * @msi: MSI vectors
 * @msix: MSI-X vectors
 * @pft: Function type
 * @relaxed: Relaxed alignment
 * @mio: The function has the MIO instructions
 */
struct zsim_attrs {
	const struct zsim_model *model;
	u64 bar_size[ZPCIFD_NR_BARS];
	u64 start_dma;
	u64 end_dma;
	u32 fid;
	u32 uid;
	u16 pchid;
	u16 maxstbl;
	u16 msi;
	u16 msix;
	u8 pft;
	bool relaxed;
	bool mio;
};

/**
 * struct zsim_model - How a function behaves behind its BARs
 * @name: Name in configfs
 * @device_id: PCI device ID in config space
 * @defaults: What the function is unless configfs is told otherwise
 */
struct zsim_model {
	const char *name;
	u16 device_id;
	struct zsim_attrs defaults;
	/** @check: Refuse attributes that the model cannot have. Or NULL. */
	int (*check)(const struct zsim_attrs *attrs);
	/** @start: The function is enabled. Or NULL. */
	void (*start)(struct zsim_function *fn);
	/** @reset: Back to the state before @start */
	void (*reset)(struct zsim_function *fn);
	/** @failed: The function went into error. Or NULL. */
	void (*failed)(struct zsim_function *fn);
	/**
	 * @load: Execute PCILG on a BAR into @bytes, insn->len of them. Address
	 * space, length and offset were checked. Condition code and status are
	 * 0 unless the model sets them.
	 */
	void (*load)(struct zsim_function *fn, struct zpcifd_insn *insn,
		     u8 *bytes);
	/** @store: As @load for PCISTG and PCISTB */
	void (*store)(struct zsim_function *fn, struct zpcifd_insn *insn,
		      const u8 *bytes);
};

extern const struct zsim_model zsim_model_registers;
extern const struct zsim_model zsim_model_ism;

/**
 * struct zsim_log_entry - An instruction as it was received, and its answer
 * @offset: Offset in the address space
 * @data: Register that was stored or loaded, 0 for PCISTB
 * @len: Length
 * @opcode: enum zpcifd_opcode
 * @as: Address space
 * @cc: Condition code
 * @status: Status
 * @pgm_check: The answer was a program check
 */
struct zsim_log_entry {
	u64 offset;
	u64 data;
	u32 len;
	u8 opcode;
	u8 as;
	u8 cc;
	u8 status;
	bool pgm_check;
};

/**
 * struct zsim_dma - The function's DMA
 * @access: From bind to unbind, which no instruction outlives
 * @pins: What is pinned, or was until user space unmapped it
 */
struct zsim_dma {
	struct iommufd_access *access;
	/**
	 * @pin_lock: Protects @pins. Held from before pages are pinned until
	 * they are in @pins, and by who unmaps: what is pinned is never missed.
	 * Pinning may wait for user space, so no other function may need this
	 * lock.
	 */
	struct mutex pin_lock;
	/**
	 * @lock: Protects zsim_pin::pinned, which is written with @pin_lock
	 * held, too. Held while pinned memory is used, by other functions as
	 * well.
	 */
	struct mutex lock;
	struct list_head pins;
};

/**
 * struct zsim_pin - Memory of user space that the function keeps
 * @node: In zsim_dma::pins
 * @iova: DMA address, on a page
 * @len: Bytes, whole pages
 * @pinned: @pages are there
 * @pages: The memory
 */
struct zsim_pin {
	struct list_head node;
	unsigned long iova;
	size_t len;
	bool pinned;
	struct page *pages[];
};

/**
 * struct zsim_regs - State of model registers
 * @raised: How often the doorbell raised a vector
 * @status: Of the last DMA command
 * @pin: What the last command pinned, or NULL
 */
struct zsim_regs {
	u32 raised;
	u32 status;
	struct zsim_pin *pin;
};

/**
 * struct zsim_faults - Faults that are asked for
 * @vanished: Queued when the function is gone; tells the framework
 * @gone: Instructions that are delayed wait here
 * @delay: Milliseconds before every instruction
 * @busy: Instructions yet to be answered with condition code 2
 * @nth: Instructions until one is answered with @cc and @status, 0 for none
 * @remove: Instructions until the function is gone, 0 for never
 * @cc: See @nth
 * @status: See @nth
 */
struct zsim_faults {
	struct work_struct *vanished;
	wait_queue_head_t gone;
	u32 delay;
	/** @lock: Protects all below */
	spinlock_t lock;
	u32 busy;
	u32 nth;
	u32 remove;
	u8 cc;
	u8 status;
};

/**
 * struct zsim_function - A simulated function
 * @zd: What the framework knows
 * @attrs: What it is; fixed
 * @state: enum zsim_state
 * @vectors: How often each vector was raised
 * @nr_vectors: Number of @vectors
 * @dma: The function's DMA
 * @faults: Faults that are asked for
 * @requested: Vectors that the framework waits for
 * @irq_type: enum zpcifd_irq_type that is on
 * @config: Config space
 * @config_mask: Bits of it that a store changes
 * @mem: Pages behind each BAR by page number
 * @mem_pages: How many there are
 * @bounce: The operand of the running PCISTB, copied once; data of a DMA
 * @regs: State of model registers
 * @ism: State of model ism; some of it has locks of its own
 * @log: The last ZSIM_LOG_LEN instructions
 * @log_seq: Number of instructions so far
 * @debugfs: The function's directory
 */
struct zsim_function {
	struct zpcifd_device zd;
	struct zsim_attrs attrs;
	atomic_t state;
	atomic64_t *vectors;
	unsigned int nr_vectors;
	struct zsim_dma dma;
	struct zsim_faults faults;

	/** @irq_lock: Protects @requested; held while a vector is signaled */
	spinlock_t irq_lock;
	unsigned long *requested;

	/** @lock: One instruction at a time. Protects all below but the log. */
	struct mutex lock;
	u32 irq_type;
	u8 config[ZSIM_CONFIG_LEN];
	u8 config_mask[ZSIM_CONFIG_WRITABLE];
	struct xarray mem[ZPCIFD_NR_BARS];
	unsigned int mem_pages;
	u8 bounce[ZSIM_PAGE_SIZE];
	struct zsim_regs regs;
	struct zsim_ism ism;

	/** @log_lock: Protects @log and @log_seq */
	spinlock_t log_lock;
	struct zsim_log_entry *log;
	u64 log_seq;
	struct dentry *debugfs;
};

static inline struct zsim_function *to_zsim(struct zpcifd_device *zd)
{
	return container_of(zd, struct zsim_function, zd);
}

static inline void zsim_answer(struct zpcifd_insn *insn, u8 cc, u8 status)
{
	insn->cc = cc;
	insn->status = status;
}

/* configfs.c */
int zsim_configfs_init(void);
void zsim_configfs_exit(void);

/* function.c */
int zsim_attrs_check(const struct zsim_attrs *attrs);
struct zsim_function *zsim_function_create(const struct zsim_attrs *attrs,
					   const char *name,
					   struct work_struct *vanished);
bool zsim_function_move(struct zsim_function *fn, enum zsim_state state);
void zsim_function_set_state(struct zsim_function *fn, enum zsim_state state);
void zsim_function_destroy(struct zsim_function *fn);
void zsim_function_raise(struct zsim_function *fn, u32 vector);

/* fault.c */
void zsim_fault_init(struct zsim_faults *faults, struct work_struct *vanished);
void zsim_fault_end_delay(struct zsim_function *fn);
void zsim_fault_delay(struct zsim_function *fn);
bool zsim_fault_answer(struct zsim_function *fn, struct zpcifd_insn *insn);
ssize_t zsim_fault_busy_show(struct zsim_function *fn, char *page);
int zsim_fault_busy_store(struct zsim_function *fn, const char *page);
ssize_t zsim_fault_answer_show(struct zsim_function *fn, char *page);
int zsim_fault_answer_store(struct zsim_function *fn, const char *page);
ssize_t zsim_fault_state_show(struct zsim_function *fn, char *page);
int zsim_fault_state_store(struct zsim_function *fn, const char *page);
ssize_t zsim_fault_delay_show(struct zsim_function *fn, char *page);
int zsim_fault_delay_store(struct zsim_function *fn, const char *page);
ssize_t zsim_fault_remove_show(struct zsim_function *fn, char *page);
int zsim_fault_remove_store(struct zsim_function *fn, const char *page);

/* insn.c */
long zsim_insn_pcilg(struct zpcifd_device *zd, u64 *data, u64 req, u64 offset);
long zsim_insn_pcistg(struct zpcifd_device *zd, u64 data, u64 req, u64 offset);
long zsim_insn_pcistb(struct zpcifd_device *zd, const void *block, u64 req,
		      u64 offset);

/* config.c */
void zsim_config_msix(const struct zsim_attrs *attrs, u8 *bar, u32 *table,
		      u32 *pba);
int zsim_config_check(const struct zsim_attrs *attrs);
void zsim_config_init(struct zsim_function *fn);
void zsim_config_reset(struct zsim_function *fn);
void zsim_config_set_irq(struct zsim_function *fn, u32 type, bool on);
void zsim_config_load(struct zsim_function *fn, u64 offset, u32 len, u8 *bytes);
void zsim_config_store(struct zsim_function *fn, u64 offset, u32 len,
		       const u8 *bytes);
bool zsim_config_masters(struct zsim_function *fn);
void zsim_config_set_master(struct zsim_function *fn, bool on);

/* dma.c */
void zsim_dma_init(struct zsim_dma *dma);
int zsim_dma_bind(struct zsim_function *fn, struct iommufd_ctx *ictx,
		  u32 *devid);
void zsim_dma_unbind(struct zsim_function *fn);
int zsim_dma_attach(struct zsim_function *fn, u32 *pt_id);
int zsim_dma_replace(struct zsim_function *fn, u32 *pt_id);
void zsim_dma_detach(struct zsim_function *fn);
int zsim_dma_rw(struct zsim_function *fn, u64 iova, void *data, size_t len,
		bool write);
struct zsim_pin *zsim_dma_pin(struct zsim_function *fn, u64 iova, size_t len);
void zsim_dma_unpin(struct zsim_function *fn, struct zsim_pin *pin);
bool zsim_dma_pinned(struct zsim_function *fn, const struct zsim_pin *pin);

/* mem.c */
void zsim_mem_init(struct zsim_function *fn);
void zsim_mem_free(struct zsim_function *fn);
void zsim_mem_load(struct zsim_function *fn, u8 bar, u64 offset, u32 len,
		   u8 *bytes);
int zsim_mem_store(struct zsim_function *fn, u8 bar, u64 offset, u32 len,
		   const u8 *bytes);

/* debugfs.c */
void zsim_debugfs_init(void);
void zsim_debugfs_exit(void);
void zsim_debugfs_add(struct zsim_function *fn, const char *name);
void zsim_debugfs_log(struct zsim_function *fn, const struct zpcifd_insn *insn,
		      int ret);

#endif /* __ZPCIFD_SIM_H */
