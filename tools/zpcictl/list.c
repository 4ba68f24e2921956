// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl list
 */
#include <stdio.h>
#include <string.h>

#include "out.h"
#include "zpctl.h"

/* sysfs does not tell the type of a simulated function */
static void ask(struct function *f)
{
	char node[64];
	struct zpcifd *z;

	if (f->pft >= 0 || !*f->name)
		return;
	snprintf(node, sizeof(node), "/dev/zpci/%s", f->name);
	if (zpcifd_open(node, &z))
		return;
	f->pft = zpcifd_info(z)->out_pft;
	zpcifd_close(z);
}

static void list_json(const struct functions *fs)
{
	struct out o;
	size_t i;

	out_begin(&o, true, true);
	for (i = 0; i < fs->nr; i++) {
		const struct function *f = &fs->list[i];

		out_group(&o, NULL, NULL);
		if (*f->name)
			out_string(&o, "name", NULL, f->name);
		if (*f->address)
			out_string(&o, "address", NULL, f->address);
		if (*f->ids)
			out_string(&o, "ids", NULL, f->ids);
		if (*f->driver)
			out_string(&o, "driver", NULL, f->driver);
		out_number(&o, "fid", NULL, f->fid);
		out_number(&o, "uid", NULL, f->uid);
		if (f->pft >= 0)
			out_number(&o, "pft", NULL, f->pft);
		out_bool(&o, "simulated", NULL, !*f->address);
		out_close(&o);
	}
	out_end(&o);
}

static const char *or_none(const char *s)
{
	return *s ? s : "-";
}

static void list_text(const struct functions *fs)
{
	static const char row[] = "%-8s  %-12s  %-10s  %-10s  %-4s  %-9s  %s\n";
	size_t i;

	if (!fs->nr) {
		fprintf(stderr, "zpctl: this system has no zPCI function\n");
		return;
	}
	printf(row, "NAME", "ADDRESS", "FID", "UID", "PFT", "IDS", "DRIVER");
	for (i = 0; i < fs->nr; i++) {
		const struct function *f = &fs->list[i];
		char fid[16], uid[16] = "-", pft[8] = "-";

		snprintf(fid, sizeof(fid), "0x%08x", f->fid);
		if (f->uid)
			snprintf(uid, sizeof(uid), "0x%x", f->uid);
		if (f->pft >= 0)
			snprintf(pft, sizeof(pft), "0x%02x", f->pft & 0xff);
		printf(row, or_none(f->name), or_none(f->address), fid, uid, pft,
		       or_none(f->ids),
		       *f->address ? or_none(f->driver) : "(simulated)");
	}
}

int cmd_list(char **args, const struct options *opt)
{
	struct functions fs;
	size_t i;
	int ret;

	(void)args;
	ret = sysfs_scan(&fs);
	if (ret)
		return ret;
	for (i = 0; i < fs.nr; i++)
		ask(&fs.list[i]);
	if (opt->json)
		list_json(&fs);
	else
		list_text(&fs);
	sysfs_free(&fs);
	return ZPCTL_OK;
}
