// Package export makes files of the comments of one consultation (CSV, XLSX, DOCX, JSONL), and keeps who made which file,
// why, who approved it, and for 24 hours the sealed file itself where it was made in the background.
package export

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"wenji/internal/audit"
	"wenji/internal/postgres"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// Formats of a file.
const (
	CSV   = "csv"
	XLSX  = "xlsx"
	DOCX  = "docx"  // 意见汇总表
	JSONL = "jsonl" // one JSON object a line, for programs
)

// Profiles: what a file tells.
const (
	// Public (公开) is what the public sees: the public copy of published comments, the masked name, the answer.
	Public = "public"
	// Masked (办理) is for departments: every comment, with the words that the scrub finds and those that staff hid taken
	// out of it, how it was handed over and answered, and no personal data but the masked name.
	Masked = "masked"
	// Personal (内部) shows everything in the clear. It needs staff.ExportPersonal, a reason and the approval of another
	// person; asking for the second factor before is the caller's part.
	Personal = "personal"
)

// DirectMost is how many comments a file may have that is sent while it is made; larger ones are made in the background.
const DirectMost = 5000

// State of an export.
type State string

// States of an export.
const (
	Sent    State = "sent"    // streamed while it was made, not kept; without FinishedAt it broke off
	Waiting State = "waiting" // for another person's approval
	Refused State = "refused" // not approved
	Queued  State = "queued"  // to be made
	Running State = "running" // being made by a worker
	Ready   State = "ready"   // to be fetched by its maker
	Failed  State = "failed"  // given up after attemptsMost tries
	Expired State = "expired" // not approved in time, or its file is gone
)

const (
	keptFor      = 24 * time.Hour     // a finished file
	approvalTime = 7 * 24 * time.Hour // an approval may take
	listMost     = 200
	finishTime   = 5 * time.Second
)

// Store makes exports.
type Store struct {
	DB   *postgres.DB // acts, lists and chunks
	Bulk *postgres.DB // reads whole consultations; a pool of its own without a statement time-out. Nil means DB
	Keys *vault.KeyRing
	Now  func() time.Time
	Log  *slog.Logger // where the worker reports a fault; nil means nowhere

	// Around is called before the worker makes a file, and what it returns after: a large file leaves much behind to be
	// collected. Nil does nothing.
	Around func() (after func())
}

func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

func (s *Store) bulk() *postgres.DB {
	if s.Bulk != nil {
		return s.Bulk
	}
	return s.DB
}

// Write is Prepare and Stream in one, for callers that have nothing to do between them. Nothing is written to w when
// the file is refused.
func (s *Store) Write(ctx context.Context, by staff.Member, o Options, w io.Writer) (rows int, err error) {
	j, err := s.Prepare(ctx, by, o)
	if err != nil {
		return 0, err
	}
	return j.Stream(ctx, w)
}

// file is one export while it is made: what the file and the record say of it.
type file struct {
	id       uuid.UUID
	options  Options
	member   string // how the record names who asked
	role     string
	approver string // "" where no approval was needed
	started  time.Time
}

func (f *file) entry(at time.Time, action, detail string) audit.Entry {
	return audit.Entry{
		At: at, Actor: f.member, Role: f.role, Action: action,
		ConsultationID: f.options.ConsultationID, Subject: "export " + f.id.String(), Detail: detail,
	}
}

// filename is a name for the file, in ASCII, without personal data.
func (f *file) filename() string {
	return fmt.Sprintf("comments-%s-%s-%s.%s", f.options.ConsultationID,
		f.started.In(beijing).Format("20060102-150405"), f.options.Profile, f.options.Format)
}

// mediaType is the value of Content-Type for a format.
func mediaType(format string) string {
	switch format {
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case DOCX:
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case JSONL:
		return "application/jsonl; charset=utf-8"
	}
	return "text/csv; charset=utf-8; header=present"
}

// signature is how the record names who asked; the operator at the command line has no user name.
func signature(m staff.Member) string {
	if m.Username == "" {
		return m.Name
	}
	return m.Signature()
}
