/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of zpctl
 */
#ifndef ZPCTL_H
#define ZPCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zpcifd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Exit codes, as in zpctl(8) */
enum {
	ZPCTL_OK = 0,
	ZPCTL_FAILED = 1,
	ZPCTL_USAGE = 2,
};

struct options {
	bool json;
	bool extended;
	bool little_endian;
};

/**
 * struct command - A subcommand
 * @name: What it is called by
 * @args: Its arguments, for people
 * @nr_args: How many there are
 * @nr_optional: How many more there may be
 * @options: Letters of the options it knows
 * @summary: What it does, in one line
 * @help: What else there is to know
 * @run: Does it. Returns an exit code.
 */
struct command {
	const char *name;
	const char *args;
	int nr_args;
	int nr_optional;
	const char *options;
	const char *summary;
	const char *help;
	int (*run)(char **args, const struct options *opt);
};

int cmd_list(char **args, const struct options *opt);
int cmd_info(char **args, const struct options *opt);
int cmd_bind(char **args, const struct options *opt);
int cmd_unbind(char **args, const struct options *opt);
int cmd_load(char **args, const struct options *opt);
int cmd_store(char **args, const struct options *opt);
int cmd_block(char **args, const struct options *opt);
int cmd_config(char **args, const struct options *opt);
int cmd_stat(char **args, const struct options *opt);
int cmd_monitor(char **args, const struct options *opt);

/* util.c */

[[gnu::format(printf, 1, 2)]]
int fail(const char *fmt, ...);
[[gnu::format(printf, 1, 2)]]
int usage(const char *fmt, ...);
int parse_u64(const char *s, uint64_t *value);
int parse_as(const char *s, uint8_t *as);
int open_owned(const char *name, uint32_t data_len, struct zpcifd **f,
	       struct zpcifd_ring *r);

/* sysfs.c */

/**
 * struct function - A function that this system has
 * @address: Its PCI address, "" if it is simulated
 * @ids: Vendor and device ID as 1af4:1042, or ""
 * @driver: Driver of its PCI device, or ""
 * @name: Its name in class zpcifd, or ""
 * @fid: Function ID
 * @uid: User-defined ID, 0 if there is none
 * @pft: PCI function type, -1 if not known
 */
struct function {
	char address[32];
	char ids[16];
	char driver[64];
	char name[32];
	uint32_t fid;
	uint32_t uid;
	int pft;
};

struct functions {
	struct function *list;
	size_t nr;
};

int sysfs_scan(struct functions *fs);
void sysfs_free(struct functions *fs);
int sysfs_find(const struct functions *fs, const char *name,
	       const struct function **found);
bool sysfs_exists(const char *path);
[[gnu::format(printf, 2, 3)]]
int sysfs_write(const char *value, const char *fmt, ...);

/* config_decode.c */

struct out;
void config_decode(struct out *o, const uint8_t *c, size_t len,
		   const __u64 *bar_size);

#endif /* ZPCTL_H */
