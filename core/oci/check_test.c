/* check_test.c - rules about the whole document, with texts that break and that obey them. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check_test.h"

static const struct rule_case cases[] = {
	{ UNVERSIONED, "'ociVersion':'banana'",
	  "2:14: ociVersion \"banana\": must be a semantic version such as 1.3.0",
	  "'ociVersion':'1.0.2-dev'" },
	{ UNVERSIONED, "'ociVersion':'1.0'",
	  "2:14: ociVersion \"1.0\": must be a semantic version such as 1.3.0",
	  "'ociVersion':'1.0.0-rc5+build.7'" },
	{ UNVERSIONED, "'ociVersion':'1.0.01'",
	  "2:14: ociVersion \"1.0.01\": must be a semantic version such as 1.3.0",
	  "'ociVersion':'1.99.0'" },
	{ UNVERSIONED, "'ociVersion':'1.0.0-'",
	  "2:14: ociVersion \"1.0.0-\": must be a semantic version such as 1.3.0",
	  "'ociVersion':'1.0.0+x'" },
	{ UNVERSIONED, "'ociVersion':'1.0.0-a_b'",
	  "2:14: ociVersion \"1.0.0-a_b\": must be a semantic version such as 1.3.0",
	  "'ociVersion':'1.0.0-A.b-1'" },
	{ UNVERSIONED, "'ociVersion':'9.9.9'",
	  "2:14: ociVersion \"9.9.9\": must be 1.x.y: other major versions are not supported",
	  "'ociVersion':'1.3.0'" },
	{ DOC, "'root':{'path':'r'},'process':{'cwd':'/','args':['x']}",
	  "1:1: ociVersion: is missing",
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x']},'vm':{}" },
	{ DOC, "'ociVersion':'1.0.0','root':{},'process':{'cwd':'/','args':['x']}",
	  "2:29: root.path: is missing",
	  "'ociVersion':'1.0.0','root':{'path':'/r'},'process':{'cwd':'/','args':['x']}" },
	{ DOC, "'ociVersion':'1.0.0','root':{'path':''},'process':{'cwd':'/','args':['x']}",
	  "2:37: root.path: must not be empty",
	  "'ociVersion':'1.0.0','root':{'path':'../r'},'process':{'cwd':'/','args':['x']}" },
	{ DOC,
	  "'ociVersion':'1.0.0','root':{'path':'r','readonly':true},'process':{'cwd':'/"
	  "','args':['x']}",
	  "2:52: root.readonly: needs a mount namespace",
	  "'ociVersion':'1.0.0','root':{'path':'r','readonly':true},'process':{'cwd':'/"
	  "','args':['x']},'linux':{'namespaces':[{'type':'mount'}]}" },
	{ DOC, "'ociVersion':'1.0.0','process':{'cwd':'/','args':['x']}",
	  "1:1: root must be specified",
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x']}" },
	{ DOC, "'ociVersion':'1.0.0','root':{'path':'r'}",
	  "1:1: process property must not be empty",
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/','args':['x']}" },
	{ TOP, "'hostname':'h'", "2:12: hostname \"h\": needs a uts namespace",
	  "'hostname':'h','linux':{'namespaces':[{'type':'uts'}]}" },
	{ TOP, "'domainname':'d','linux':{}", "2:14: domainname \"d\": needs a uts namespace",
	  "'domainname':'d','linux':{'namespaces':[{'type':'uts','path':'/proc/1/ns/uts'}]}" },
	{ TOP,
	  "'linux':{'namespaces':[{'type':'uts'}]},'hostname':'"
	  "h234567890123456789012345678901234567890123456789012345678901234x'",
	  "2:52: hostname \"h234567890123456789012345678901234567890123456789012345678901234...\": "
	  "must be at most 64 bytes long",
	  "'linux':{'namespaces':[{'type':'uts'}]},'hostname':'"
	  "h234567890123456789012345678901234567890123456789012345678901234'" },
	{ TOP, "'annotations':{'a':'','':'x'}", "2:15: annotations: must not have an empty key",
	  "'annotations':{'a':'','bundle':'x'}" },
	{ TOP, "'hooks':{'prestart':[{'path':'bin/h'}]}",
	  "2:30: hooks.prestart[0].path \"bin/h\": must be an absolute path",
	  "'hooks':{'prestart':[{'path':'/bin/h'}]}" },
	{ TOP, "'hooks':{'createRuntime':[{'path':'/a'},{'path':''}]}",
	  "2:49: hooks.createRuntime[1].path \"\": must be an absolute path",
	  "'hooks':{'createRuntime':[{'path':'/a'},{'path':'/b'}]}" },
	{ TOP, "'hooks':{'createContainer':[{'path':'/a','timeout':0}]}",
	  "2:52: hooks.createContainer[0].timeout 0: must be greater than zero",
	  "'hooks':{'createContainer':[{'path':'/a','timeout':1}]}" },
	{ TOP, "'hooks':{'startContainer':[{'args':[]}]}",
	  "2:28: hooks.startContainer[0].path: is missing",
	  "'hooks':{'startContainer':[{'path':'/a','args':[]}]}" },
	{ TOP, "'hooks':{'poststart':[{'path':'/a','timeout':-1}]}",
	  "2:46: hooks.poststart[0].timeout -1: must be greater than zero",
	  "'hooks':{'poststart':[{'path':'/a','timeout':null}]}" },
	{ TOP, "'hooks':{'poststop':[{'path':'.'}]}",
	  "2:30: hooks.poststop[0].path \".\": must be an absolute path",
	  "'hooks':{'poststop':[]}" },
	{ TOP, "'annotations':{'org.ocibox.init':'maybe'}",
	  "2:34: annotations.org.ocibox.init \"maybe\": must be \"true\" or \"false\"",
	  "'annotations':{'org.ocibox.init':'true'}" },
	{ TOP, "'annotations':{'org.ocibox.overlay':'big'}",
	  "2:37: annotations.org.ocibox.overlay \"big\": must be a size such as \"64m\", \"true\" "
	  "or \"false\"",
	  "'annotations':{'org.ocibox.overlay':'false'}" },
};

int main(void)
{
	rule_cases(cases, ARRAY_SIZE(cases));
	rules_walk(check_config_rules, "linux", cases, ARRAY_SIZE(cases));
	return done();
}
