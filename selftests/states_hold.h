/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For rig/states.sh, which unloads the modules in each state:
 *
 *	states --list			names them all
 *	states --hold <state>		brings the function to one, says so, waits
 *					for a line, and tells whether the function's
 *					end was as it has to be
 *	states --disk <PCI address> <file>
 *					looks whether the kernel's driver reads what it
 *					read into the file before, if there was one
 */
#ifndef STATES_HOLD_H
#define STATES_HOLD_H

#include <sys/stat.h>

#include "states_look.h"
#include "states_owner.h"

static int lend(int iommufd, __u32 ioas, void *memory)
{
	return ioas_map(iommufd, ioas, memory, STATES_IOVA, STATES_PINNED, IOAS_RW);
}

/* "--hold": is the owner of the function until it is told that the function went */
static int hold(const struct state *state)
{
	struct owner o = { .f.path = getenv("ZPCIFD_FUNCTION"), .told = -1 };
	void *memory = mmap(NULL, STATES_PINNED, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct looker looker = {};
	struct looked at;
	char line[16];
	int ret;

	/* Or whoever unloads the modules would wait for an end that never comes */
	alarm(120);
	o.f.fd = open(o.f.path ?: "", O_RDWR | O_CLOEXEC);
	o.f.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	ret = owner_step(&o, "open", o.f.fd < 0 || o.f.iommufd < 0 ? -errno : 0) ?:
	      owner_step(&o, "make an IOAS", ioas_alloc(o.f.iommufd, &o.f.ioas)) ?:
	      owner_step(&o, "lend memory", lend(o.f.iommufd, o.f.ioas, memory)) ?:
	      owner_step(&o, "info", function_info(o.f.fd, &o.f.info)) ?:
	      owner_step(&o, "look at it", look_at(&at, &o.f)) ?: owner_enter(&o, state);
	if (!ret && state->flags & STATE_IS_LOOKED_AT)
		ret = owner_step(&o, "look at it", looker_start(&looker, &at));
	printf("%s %s\n", !ret ? "ready" : ret == -EOPNOTSUPP ? "skip" : "failed", o.what);
	fflush(stdout);
	if (ret)
		return ret == -EOPNOTSUPP ? KSFT_SKIP : KSFT_FAIL;

	if (!fgets(line, sizeof(line), stdin))
		return KSFT_FAIL;
	if (state->flags & STATE_IS_LOOKED_AT)
		looker_stop(&looker);
	ret = owner_gone(&o) ?:
	      owner_step(&o, "memory is still pinned", pinned_of(getpid()) ? -EBUSY : 0) ?:
	      owner_step(&o, "the IOAS is in use",
			 o.disk ? 0 : iommufd_destroy(o.f.iommufd, o.f.ioas));
	printf("%s %s\n", ret ? "failed" : "ended", o.what);
	return ret ? KSFT_FAIL : KSFT_PASS;
}

static int hold_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_STATES; i++)
		if (!strcmp(states[i].name, name))
			return hold(&states[i]);
	fprintf(stderr, "states --hold %s: no such state, see states --list\n", name);
	return KSFT_FAIL;
}

/* "--disk": is the disk as the kernel's driver read it into a file before, if there is one? */
static int compare(const char *pci, const char *path)
{
	static char now[DISK_BYTES];
	ssize_t len = kernel_read(pci, now);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;
	void *before;

	if (len <= 0 || fd < 0 || fstat(fd, &st))
		return KSFT_FAIL;
	if (!st.st_size)
		return write(fd, now, len) != len;
	before = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return before == MAP_FAILED || len != st.st_size || memcmp(before, now, len);
}

/* Returns false when the arguments ask for nothing of this file */
static bool hold_main(int argc, char **argv, int *status)
{
	unsigned int i;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < NR_STATES; i++)
			puts(states[i].name);
		*status = KSFT_PASS;
	} else if (argc == 3 && !strcmp(argv[1], "--hold")) {
		*status = hold_by_name(argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "--disk")) {
		*status = compare(argv[2], argv[3]);
	} else {
		return false;
	}
	return true;
}

#endif /* STATES_HOLD_H */
