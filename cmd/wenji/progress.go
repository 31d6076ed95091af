package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far long work has come, where a person watches: nothing is drawn into a file or a pipe.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress begins with a total of steps; a negative total draws a spinner.
func newProgress(t *terminal, total int, what string) progress {
	file, ok := t.err.(*os.File)
	if !ok || total == 0 {
		return progress{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return progress{}
	}
	return progress{progressbar.NewOptions(total, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))}
}

func (p progress) add(n int) {
	if p.bar != nil {
		p.bar.Add(n) // what cannot be drawn is of no interest
	}
}

func (p progress) end() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
