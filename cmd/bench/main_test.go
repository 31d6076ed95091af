package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheFolderOfThePicturesIsMadeBeforeAnythingIsMeasured(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not", "there")
	if err := (options{plots: folder}).checkPlots(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("the folder holds %d files, %v; want it made and empty", len(left), err)
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-plots", file}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "-plots") {
		t.Errorf("pictures into what is no folder: %v; want the run to refuse", err)
	}
}

func TestPartsAreChosenByName(t *testing.T) {
	_, chosen, err := readOptions([]string{"-only", "search,growth"}, io.Discard)
	if err != nil || len(chosen) != 2 || chosen[0].name != "search" || chosen[1].name != "growth" {
		t.Errorf("%d parts are chosen, %v; want search and growth", len(chosen), err)
	}
	if _, all, err := readOptions(nil, io.Discard); err != nil || len(all) != len(parts) {
		t.Errorf("%d parts of %d run when none is named, %v", len(all), len(parts), err)
	}
	if _, _, err := readOptions([]string{"-only", "serach"}, io.Discard); err == nil || !strings.Contains(err.Error(), `no part "serach"`) {
		t.Errorf("a part that does not exist: %v", err)
	}
}

func TestSizesAreChecked(t *testing.T) {
	if o, _, err := readOptions(nil, io.Discard); err != nil || o.rows != 1_000_000 || o.plots != "" {
		t.Errorf("by itself: %d comments, pictures in %q, %v; want a million and none", o.rows, o.plots, err)
	}
	if o, _, err := readOptions([]string{"--quick"}, io.Discard); err != nil || o.rows != rowsLeast {
		t.Errorf("--quick: %d comments, %v", o.rows, err)
	}
	for _, args := range [][]string{{"-rows", "100"}, {"everything"}} {
		if _, _, err := readOptions(args, io.Discard); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}
