package consultation

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// UploadMost is the largest attachment that is taken, in bytes.
const UploadMost = maxAttachmentBytes

const (
	uploadsMost    = 100 << 20 // bytes of all attachments of a consultation
	entriesMost    = 2000      // files inside a document that is a zip archive
	unpackedMost   = 200 << 20 // bytes of them as their headers say
	fileTitleMost  = 200
	addressDigits  = 16 // of a file's digest in its address
	compoundHeader = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
)

// uploadable are the endings of files that the desk takes. zip and pictures are not among them: nobody can tell by its
// first bytes what an archive holds, and notices of this kind have none.
var uploadable = []string{".pdf", ".ofd", ".doc", ".docx", ".wps", ".xls", ".xlsx", ".txt"}

// part is the file that a zip archive must hold to be a document of the ending.
var part = map[string]string{".docx": "word/document.xml", ".xlsx": "xl/workbook.xml", ".ofd": "OFD.xml"}

// fileFault tells what is wrong with a file under an ending, "" when its bytes are what the ending says: an allowlist
// checked by content, without unpacking anything.
func fileFault(ending string, content []byte) string {
	switch ending {
	case ".pdf":
		if !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.Contains(content[max(0, len(content)-2048):], []byte("%%EOF")) {
			return validate.FileUnreadable
		}
	case ".doc", ".xls", ".wps":
		switch {
		case !bytes.HasPrefix(content, []byte(compoundHeader)):
			return validate.FileUnreadable
		case bytes.Contains(content, utf16le("_VBA_PROJECT")):
			return validate.FileMacros
		}
	case ".docx", ".xlsx", ".ofd":
		return packageFault(ending, content)
	case ".txt":
		text := string(bytes.TrimPrefix(content, []byte(byteOrderMark)))
		if _, ok := validate.Text(text); !ok {
			return validate.FileUnreadable
		}
	case ".png":
		return signature(content, "\x89PNG\r\n\x1a\n")
	case ".jpg", ".jpeg":
		return signature(content, "\xff\xd8\xff")
	case ".zip":
		return signature(content, "PK")
	default:
		return validate.FileType
	}
	return ""
}

func signature(content []byte, begins string) string {
	if !bytes.HasPrefix(content, []byte(begins)) {
		return validate.FileUnreadable
	}
	return ""
}

func utf16le(ascii string) []byte {
	b := make([]byte, 0, 2*len(ascii))
	for i := range len(ascii) {
		b = append(b, ascii[i], 0)
	}
	return b
}

// packageFault reads the directory of a document that is a zip archive, and nothing else of it.
func packageFault(ending string, content []byte) string {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(z.File) > entriesMost {
		return validate.FileUnreadable
	}
	var unpacked uint64
	found := false
	for _, f := range z.File {
		unpacked += f.UncompressedSize64
		name := strings.ToLower(path.Base(strings.ReplaceAll(f.Name, `\`, "/")))
		switch {
		case name == "vbaproject.bin":
			return validate.FileMacros
		case strings.Contains(f.Name, ".."), unpacked > unpackedMost:
			return validate.FileUnreadable
		case f.Name == part[ending]:
			found = true
		}
	}
	if !found {
		return validate.FileUnreadable
	}
	return ""
}

// AddFile offers one more file. Its address is made of its content; name is only asked for its ending. A file added to a
// published notice is a correction of it and needs an explanation.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on file, file_title or explanation; apperr.ErrConflict when another
// version than the one shown stands; apperr.ErrNotFound.
func (s *Store) AddFile(ctx context.Context, by Actor, id string, version int, title, name string, content []byte, explanation string) error {
	if !by.Edit {
		return apperr.ErrForbidden
	}
	title, ok := validate.Line(title)
	ending := strings.ToLower(path.Ext(name))
	switch {
	case len(content) == 0:
		return invalid("file", validate.FileMissing)
	case !slices.Contains(uploadable, ending):
		return invalid("file", validate.FileType)
	case len(content) > UploadMost:
		return invalid("file", validate.FileLarge)
	case !ok || title == "":
		return invalid("file_title", validate.FileTitle)
	case validate.Length(title) > fileTitleMost:
		return invalid("file_title", validate.MakingLong("file_title", fileTitleMost))
	}
	if fault := fileFault(ending, content); fault != "" {
		return invalid("file", fault)
	}
	sum := sha256.Sum256(content)
	a := Attachment{Name: hex.EncodeToString(sum[:])[:addressDigits] + ending, Title: title, MediaType: mediaTypes[ending], Size: len(content)}
	err := s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		if _, err := s.correct(ctx, tx, c, by, explanation, []FieldChange{{"file", "", title}}); err != nil {
			return act{}, err
		}
		if err := addFile(ctx, tx, id, a, content); err != nil {
			return act{}, err
		}
		return act{by.Signature, by.Role, "add_file", fmt.Sprintf("%s (%d bytes, SHA-256 %x)", a.Name, a.Size, sum)}, touch(ctx, tx, id)
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return invalid("file", validate.FileTwice)
	}
	return err
}

// addFile stores the file behind the others, when there is room for it.
func addFile(ctx context.Context, tx pgx.Tx, id string, a Attachment, content []byte) error {
	var count, size, last int
	err := tx.QueryRow(ctx, `
		SELECT count(*), coalesce(sum(size), 0), coalesce(max(ordinal), 0) FROM attachment WHERE consultation_id = $1`, id).
		Scan(&count, &size, &last)
	switch {
	case err != nil:
		return fmt.Errorf("count attachments: %w", err)
	case count >= maxAttachments:
		return invalid("file", validate.FilesMany)
	case size+a.Size > uploadsMost:
		return invalid("file", validate.FilesLarge)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO attachment (consultation_id, name, title, media_type, ordinal, size, content)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, id, a.Name, a.Title, a.MediaType, last+1, a.Size, content)
	if err != nil {
		return fmt.Errorf("store attachment %s: %w", a.Name, err)
	}
	return nil
}

// touch makes a new version of a consultation whose own row did not change.
func touch(ctx context.Context, tx pgx.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE consultation SET version = version + 1 WHERE id = $1`, id)
	return err
}

// RemoveFile takes a file away again, until the consultation is published: what the public may have cited stays.
// Errors: apperr.ErrForbidden; apperr.ErrConflict, also once published; apperr.ErrNotFound.
func (s *Store) RemoveFile(ctx context.Context, by Actor, id string, version int, name string) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		if c.Stage != StagePreparing {
			return act{}, apperr.ErrConflict
		}
		done, err := tx.Exec(ctx, `DELETE FROM attachment WHERE consultation_id = $1 AND name = $2`, id, name)
		if err != nil {
			return act{}, err
		}
		if done.RowsAffected() == 0 {
			return act{}, apperr.ErrNotFound
		}
		return act{by.Signature, by.Role, "remove_file", name}, touch(ctx, tx, id)
	})
}

// RaiseFile changes places with the file before; the first one stays where it is.
// Errors: apperr.ErrForbidden; apperr.ErrConflict; apperr.ErrNotFound.
func (s *Store) RaiseFile(ctx context.Context, by Actor, id string, version int, name string) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		files, err := readAttachments(ctx, tx, id)
		if err != nil {
			return act{}, err
		}
		at := slices.IndexFunc(files, func(a Attachment) bool { return a.Name == name })
		switch at {
		case -1:
			return act{}, apperr.ErrNotFound
		case 0:
			return act{}, nil
		}
		_, err = tx.Exec(ctx, `
			UPDATE attachment a
			   SET ordinal = other.ordinal
			  FROM attachment other
			 WHERE a.consultation_id = $1 AND other.consultation_id = $1
			   AND (a.name, other.name) IN (($2, $3), ($3, $2))`, id, name, files[at-1].Name)
		if err != nil {
			return act{}, err
		}
		return act{by.Signature, by.Role, "raise_file", name}, touch(ctx, tx, id)
	})
}

// fileFaults names the files of a consultation whose bytes are not what their type says.
func fileFaults(ctx context.Context, tx pgx.Tx, id string) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT name, title, content FROM attachment WHERE consultation_id = $1 ORDER BY ordinal LIMIT $2`, id, maxAttachments)
	if err != nil {
		return nil, fmt.Errorf("read attachments: %w", err)
	}
	var (
		bad         []string
		name, title string
		content     []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&name, &title, &content}, func() error {
		if fileFault(strings.ToLower(path.Ext(name)), content) != "" {
			bad = append(bad, title)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read attachments: %w", err)
	}
	return bad, nil
}

// FileEndings are the endings of files that the desk takes.
func FileEndings() []string { return slices.Clone(uploadable) }
