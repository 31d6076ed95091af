package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func deployed(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("../../docs/deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestTheManualKnowsEveryCommandAndSetting compares the manual with the commands, their flags and the settings, both ways.
func TestTheManualKnowsEveryCommandAndSetting(t *testing.T) {
	t.Parallel()
	manual := strings.ReplaceAll(deployed(t, "wenji.1"), `\-`, "-")
	sections := make(map[string]string) // by command
	for _, part := range strings.Split(manual, "\n.SS ")[1:] {
		head, rest, _ := strings.Cut(part, "\n")
		name, _, _ := strings.Cut(head, ` \f`)
		rest, _, _ = strings.Cut(rest, "\n.SH ")
		sections[name] = rest
	}
	flagName := regexp.MustCompile(`--[a-z-]+`)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if c.HasSubCommands() || c.Name() == "help" {
			return
		}
		section, ok := sections[c.CommandPath()]
		if !ok {
			t.Errorf("the manual does not know %s", c.CommandPath())
			return
		}
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden {
				known = append(known, "--"+f.Name)
			}
		})
		compare(t, c.CommandPath(), known, flagName.FindAllString(section, -1))
		delete(sections, c.CommandPath())
	}
	walk(rootCommand(&terminal{}))
	for name := range sections {
		t.Errorf("the manual tells of %s, which is no command", name)
	}
	_, environment, _ := strings.Cut(manual, ".SH 环境变量")
	compare(t, "environment", settings(), settingName.FindAllString(environment, -1))
}

var settingName = regexp.MustCompile(`WENJI_[A-Z_]+`)

// TestTheInstalledSettingsAreKnown: a setting nobody reads would do nothing, silently.
func TestTheInstalledSettingsAreKnown(t *testing.T) {
	t.Parallel()
	known := settings()
	for _, line := range strings.Split(deployed(t, "wenji.env"), "\n") {
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "#"), "=")
		if !ok || strings.HasPrefix(line, "# ") {
			continue
		}
		if !slices.Contains(known, name) {
			t.Errorf("wenji.env sets %s, which nothing reads", name)
		}
		if strings.ContainsAny(value, "\"' ") {
			t.Errorf("%s: systemd and a shell would read %q differently", name, value)
		}
	}
}

// TestReplicasDifferInTheirStartAlone: whoever hardens one unit hardens both.
func TestReplicasDifferInTheirStartAlone(t *testing.T) {
	t.Parallel()
	own := func(name string) string {
		_, unit, ok := strings.Cut(deployed(t, name), "[Unit]\n")
		if !ok {
			t.Fatalf("%s has no [Unit]", name)
		}
		return regexp.MustCompile(`(?m)^(Description|ExecStart)=.*$`).ReplaceAllString(unit, "$1")
	}
	if own("wenji.service") != own("wenji@.service") {
		t.Error("wenji.service and wenji@.service differ in more than description and start")
	}
}

func settings() []string {
	var names []string
	environment(func(name string) string { names = append(names, name); return "" })
	return names
}

func compare(t *testing.T, what string, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(want, got) {
		t.Errorf("%s: the program has %q, the manual %q", what, want, got)
	}
}
