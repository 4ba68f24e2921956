// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tests look at: the last instructions exactly as they came, how often each
 * vector was raised, and config space, which instructions of an owner alone
 * reach.
 *
 * A line of the log has the number of the instruction, its name, address space,
 * offset, length, data (the register stored or loaded), and the answer: a
 * condition code and a status, or "pgm" for a program check.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "sim.h"

static struct dentry *zsim_debugfs_root;

static const char *zsim_debugfs_opcode(u8 opcode)
{
	switch (opcode) {
	case ZPCIFD_OP_PCILG:
		return "pcilg";
	case ZPCIFD_OP_PCISTG:
		return "pcistg";
	case ZPCIFD_OP_PCISTB:
		return "pcistb";
	default:
		return "unknown";
	}
}

static void zsim_debugfs_log_line(struct seq_file *s, u64 seq,
				  const struct zsim_log_entry *e)
{
	seq_printf(s, "%llu %s as=%u offset=%#llx len=%u data=%#llx ", seq,
		   zsim_debugfs_opcode(e->opcode), e->as, e->offset, e->len,
		   e->data);
	if (e->pgm_check)
		seq_puts(s, "pgm\n");
	else
		seq_printf(s, "cc=%u status=%u\n", e->cc, e->status);
}

static int zsim_debugfs_log_show(struct seq_file *s, void *unused)
{
	struct zsim_function *fn = s->private;
	unsigned int i;
	u64 seq, end;

	struct zsim_log_entry *log __free(kvfree) =
		kvmalloc_objs(*log, ZSIM_LOG_LEN);
	if (!log)
		return -ENOMEM;
	spin_lock(&fn->log_lock);
	for (i = 0; i < ZSIM_LOG_LEN; i++)
		log[i] = fn->log[i];
	end = fn->log_seq;
	spin_unlock(&fn->log_lock);
	for (seq = end > ZSIM_LOG_LEN ? end - ZSIM_LOG_LEN : 0; seq < end;
	     seq++)
		zsim_debugfs_log_line(s, seq, &log[seq % ZSIM_LOG_LEN]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zsim_debugfs_log);

static int zsim_debugfs_vectors_show(struct seq_file *s, void *unused)
{
	struct zsim_function *fn = s->private;
	unsigned int i;

	for (i = 0; i < fn->nr_vectors; i++)
		seq_printf(s, "%u %lld %u\n", i, atomic64_read(&fn->vectors[i]),
			   test_bit(i, fn->requested));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zsim_debugfs_vectors);

static int zsim_debugfs_config_show(struct seq_file *s, void *unused)
{
	struct zsim_function *fn = s->private;

	guard(mutex)(&fn->lock);
	seq_write(s, fn->config, sizeof(fn->config));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zsim_debugfs_config);

/* Remember an instruction and its answer */
void zsim_debugfs_log(struct zsim_function *fn, const struct zpcifd_insn *insn,
		      int ret)
{
	spin_lock(&fn->log_lock);
	fn->log[fn->log_seq++ % ZSIM_LOG_LEN] = (struct zsim_log_entry){
		.offset = insn->offset,
		.data = insn->opcode == ZPCIFD_OP_PCISTB ? 0 : insn->data,
		.len = insn->len,
		.opcode = insn->opcode,
		.as = insn->as,
		.cc = insn->cc,
		.status = insn->status,
		.pgm_check = ret,
	};
	spin_unlock(&fn->log_lock);
}

void zsim_debugfs_add(struct zsim_function *fn, const char *name)
{
	fn->debugfs = debugfs_create_dir(name, zsim_debugfs_root);
	debugfs_create_file("log", 0400, fn->debugfs, fn,
			    &zsim_debugfs_log_fops);
	debugfs_create_file("vectors", 0400, fn->debugfs, fn,
			    &zsim_debugfs_vectors_fops);
	debugfs_create_file("config", 0400, fn->debugfs, fn,
			    &zsim_debugfs_config_fops);
}

void zsim_debugfs_init(void)
{
	zsim_debugfs_root = debugfs_create_dir("zpcifd_sim", NULL);
}

void zsim_debugfs_exit(void)
{
	debugfs_remove(zsim_debugfs_root);
}
