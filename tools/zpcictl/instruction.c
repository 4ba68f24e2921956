// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl load, store and block: one instruction
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "zpctl.h"

/* No function takes a longer PCISTB */
#define BLOCK_MAX 4096

static int parse_place(char **args, uint8_t *as, uint64_t *offset)
{
	if (parse_as(args[1], as))
		return usage("address space '%s': name it bar0 to bar5, config, or by number",
			     args[1]);
	if (parse_u64(args[2], offset))
		return usage("offset '%s': give a number, hexadecimal with 0x",
			     args[2]);
	return ZPCTL_OK;
}

static int parse_len(const char *s, uint32_t *len)
{
	uint64_t value;

	if (parse_u64(s, &value) || value < 1 || value > 8)
		return usage("length '%s': give a number from 1 to 8", s);
	*len = value;
	return ZPCTL_OK;
}

/* Runs one descriptor, whose payload is at the start of the data area */
static int run(const char *name, const char *op, const struct zpcifd_sqe *sqe,
	       const void *payload, struct zpcifd_cqe *cqe)
{
	struct zpcifd_ring r;
	struct zpcifd *f;
	char why[128];
	int ret;

	ret = open_owned(name, payload ? BLOCK_MAX : 0, &f, &r);
	if (ret)
		return ret;
	if (payload)
		memcpy(zpcifd_ring_data(&r), payload, sqe->len);
	if (zpcifd_sync(&r, sqe, cqe)) {
		zpcifd_cqe_str(cqe, why, sizeof(why));
		errno = -cqe->res;
		ret = fail("%s: %s: %m: %s", zpcifd_name(f), op, why);
	}
	zpcifd_ring_destroy(&r);
	zpcifd_close(f);
	return ret;
}

static void result_out(const struct zpcifd_cqe *cqe)
{
	printf("cc %u status %u", cqe->cc, cqe->status);
	if (cqe->retries)
		printf(" retries %u", cqe->retries);
	putchar('\n');
}

int cmd_load(char **args, const struct options *opt)
{
	struct zpcifd_cqe cqe;
	struct zpcifd_sqe sqe;
	uint64_t offset = 0;
	uint32_t len = 0;
	uint8_t as = 0;
	int ret;

	ret = parse_place(args, &as, &offset);
	if (!ret)
		ret = parse_len(args[3], &len);
	if (ret)
		return ret;
	zpcifd_prep_load(&sqe, as, offset, len);
	ret = run(args[0], "load", &sqe, NULL, &cqe);
	if (ret)
		return ret;
	if (opt->little_endian)
		cqe.data = zpcifd_le(cqe.data, len);
	printf("value 0x%0*llx ", 2 * (int)len, (unsigned long long)cqe.data);
	result_out(&cqe);
	return ZPCTL_OK;
}

int cmd_store(char **args, const struct options *opt)
{
	uint64_t offset = 0, value;
	struct zpcifd_cqe cqe;
	struct zpcifd_sqe sqe;
	uint32_t len = 0;
	uint8_t as = 0;
	int ret;

	ret = parse_place(args, &as, &offset);
	if (!ret)
		ret = parse_len(args[3], &len);
	if (ret)
		return ret;
	if (parse_u64(args[4], &value) || (len < 8 && value >> (8 * len)))
		return usage("value '%s': give a number of at most %u bytes, hexadecimal with 0x",
			     args[4], len);
	if (opt->little_endian)
		value = zpcifd_le(value, len);
	zpcifd_prep_store(&sqe, as, offset, len, value);
	ret = run(args[0], "store", &sqe, NULL, &cqe);
	if (!ret)
		result_out(&cqe);
	return ret;
}

static int read_payload(const char *path, uint8_t *buf, uint32_t *len)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "r");
	bool bad;

	if (!file)
		return fail("%s: %m", path);
	*len = fread(buf, 1, BLOCK_MAX + 1, file);
	bad = ferror(file);
	if (!is_stdin)
		fclose(file);
	if (bad)
		return fail("%s: it cannot be read", path);
	if (!*len || *len > BLOCK_MAX)
		return fail("%s: one PCISTB stores 1 to %u bytes, this is %s",
			    path, BLOCK_MAX, *len ? "more" : "empty");
	return ZPCTL_OK;
}

int cmd_block(char **args, const struct options *opt)
{
	uint8_t buf[BLOCK_MAX + 1];
	struct zpcifd_cqe cqe;
	struct zpcifd_sqe sqe;
	uint64_t offset = 0;
	uint32_t len = 0;
	uint8_t as = 0;
	int ret;

	(void)opt;
	ret = parse_place(args, &as, &offset);
	if (!ret)
		ret = read_payload(args[3], buf, &len);
	if (ret)
		return ret;
	zpcifd_prep_block(&sqe, as, offset, len, 0);
	ret = run(args[0], "block", &sqe, buf, &cqe);
	if (!ret) {
		printf("stored %u bytes ", len);
		result_out(&cqe);
	}
	return ret;
}
