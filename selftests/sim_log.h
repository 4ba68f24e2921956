/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a simulated function tells of itself: its directory in configfs, and in
 * debugfs the instructions as it received them
 */
#ifndef SIM_LOG_H
#define SIM_LOG_H

#include <stdarg.h>

#include "zpcifd_test.h"

#define SIM_CONFIGFS "/sys/kernel/config/zpcifd_sim"
#define SIM_DEBUGFS "/sys/kernel/debug/zpcifd_sim"

/* How many instructions tests may count on the simulator to remember, at least */
#define SIM_LOG_LEN 1024

/* An instruction and its answer; offset, data and so on as the descriptor's */
struct sim_insn {
	__u64 seq;
	__u64 offset;
	__u64 data;
	__u32 len;
	__u32 as;
	__u32 cc;
	__u32 status;
	__u8 opcode;
	bool pgm_check;
};

/* Finds the directory whose function is the one under test */
static inline int sim_directory(const struct function *f, char *name, size_t size)
{
	char path[512], text[64];
	struct dirent *entry;
	DIR *dir = opendir(SIM_CONFIGFS);
	int ret = -ENOENT;

	while (dir && ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/name", entry->d_name);
		if (file_read(path, text, sizeof(text)) || strcmp(text, function_name(f)))
			continue;
		snprintf(name, size, "%s", entry->d_name);
		ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

static inline int sim_parse(const char *line, struct sim_insn *insn)
{
	static const char *const names[] = {
		[ZPCIFD_OP_PCILG] = "pcilg",
		[ZPCIFD_OP_PCISTG] = "pcistg",
		[ZPCIFD_OP_PCISTB] = "pcistb",
	};
	unsigned long long seq, offset, data;
	char name[16], answer[32] = "";

	if (sscanf(line, "%llu %15s as=%u offset=%lli len=%u data=%lli %31[^\n]", &seq, name,
		   &insn->as, (long long *)&offset, &insn->len, (long long *)&data,
		   answer) != 7)
		return -EINVAL;
	insn->seq = seq;
	insn->offset = offset;
	insn->data = data;
	for (insn->opcode = ARRAY_LEN(names) - 1; insn->opcode; insn->opcode--)
		if (names[insn->opcode] && !strcmp(names[insn->opcode], name))
			break;
	insn->cc = 0;
	insn->status = 0;
	insn->pgm_check = !strcmp(answer, "pgm");
	if (!insn->pgm_check && sscanf(answer, "cc=%u status=%u", &insn->cc, &insn->status) != 2)
		return -EINVAL;
	return 0;
}

static inline FILE *sim_log_open(const struct function *f)
{
	char dir[256], path[512];

	if (sim_directory(f, dir, sizeof(dir)))
		return NULL;
	snprintf(path, sizeof(path), SIM_DEBUGFS "/%s/log", dir);
	return fopen(path, "re");
}

/* Reads at most @max instructions from number @from on; returns how many */
static inline int sim_log_read(const struct function *f, __u64 from,
			       struct sim_insn *insns, int max)
{
	FILE *file = sim_log_open(f);
	char line[256];
	int n = 0;

	if (!file)
		return -ENOENT;
	while (n >= 0 && n < max && fgets(line, sizeof(line), file)) {
		if (sim_parse(line, &insns[n]))
			n = -EPROTO;
		else if (insns[n].seq >= from)
			n++;
	}
	fclose(file);
	return n;
}

/* Number of the next instruction */
static inline __u64 sim_log_next(struct __test_metadata *_metadata,
				 const struct function *f)
{
	char line[256], last[256] = "";
	FILE *file = sim_log_open(f);
	struct sim_insn insn;

	ASSERT_NE(NULL, file) {
		TH_LOG("the simulator's log in debugfs: %s", strerror(errno));
	}
	while (fgets(line, sizeof(line), file))
		memcpy(last, line, sizeof(last));
	fclose(file);
	if (!last[0])
		return 0;
	ASSERT_EQ(0, sim_parse(last, &insn)) {
		TH_LOG("the simulator's log has '%s'", last);
	}
	return insn.seq + 1;
}

#endif /* SIM_LOG_H */
