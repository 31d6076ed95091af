package consultation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Version is one wording of a published draft, kept whole.
type Version struct {
	Number      int
	MadeAt      time.Time
	Explanation string // 修改说明; empty for the first
	Nodes       []clause.Node
	Links       []clause.Link // what became of each clause since the version before; none for the first
}

const versionsMost = 200

// listVersions lists the versions of a draft without their text, the first one first. A draft that was never changed has
// none: what stands is what was published.
func listVersions(ctx context.Context, tx pgx.Tx, id string) ([]Version, error) {
	rows, err := tx.Query(ctx, `
		SELECT number, made_at, explanation
		  FROM draft_version
		 WHERE consultation_id = $1
		 ORDER BY number
		 LIMIT $2`, id, versionsMost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v Version, err error) {
		return v, row.Scan(&v.Number, &v.MadeAt, &v.Explanation)
	})
}

// Version returns one version with its text, or apperr.ErrNotFound.
func (s *Store) Version(ctx context.Context, id string, number int) (*Version, error) {
	v, err := readVersion(ctx, s.DB, `consultation_id = $1 AND number = $2`, readable(id), number)
	if err != nil && !errors.Is(err, apperr.ErrNotFound) {
		return nil, fmt.Errorf("read version %d of %s: %w", number, id, err)
	}
	return v, err
}

// VersionAt returns the version that stood at a moment, which is what a comment received then was written on; the first
// one for moments before it. apperr.ErrNotFound: the draft was never changed, so what stands is what stood.
func (s *Store) VersionAt(ctx context.Context, id string, at time.Time) (*Version, error) {
	v, err := readVersion(ctx, s.DB, `consultation_id = $1 AND (made_at <= $2 OR number = 1)`, readable(id), at)
	if err != nil && !errors.Is(err, apperr.ErrNotFound) {
		return nil, fmt.Errorf("read the version of %s at a moment: %w", id, err)
	}
	return v, err
}

// readVersion reads the latest version for which a condition of ours holds.
func readVersion(ctx context.Context, q querier, condition string, args ...any) (*Version, error) {
	rows, err := q.Query(ctx, `
		SELECT number, made_at, explanation, nodes, links
		  FROM draft_version
		 WHERE `+condition+`
		 ORDER BY number DESC
		 LIMIT 1`, args...)
	if err != nil {
		return nil, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (v Version, err error) {
		return v, row.Scan(&v.Number, &v.MadeAt, &v.Explanation, &v.Nodes, &v.Links)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, apperr.ErrNotFound
	}
	return &v, err
}

// NewVersion makes the working copy the new version of a published draft. The old one is kept whole, and a clause that
// the match leads to keeps its id, so what was said about it stays with it.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on text (no clause, or nothing changed) or explanation; apperr.ErrConflict
// when somebody changed the copy in between, or the consultation is not published, withdrawn or has its result;
// apperr.ErrNotFound.
func (s *Store) NewVersion(ctx context.Context, by Actor, id string, stamp uuid.UUID, known []string, m clause.Match, explanation string) error {
	return s.imports(ctx, by, id, DraftDocument, func(tx pgx.Tx, c *Consultation) (act, error) {
		if c.Stage != StagePublished || c.WithdrawnAt != nil || c.ConcludedOn != nil {
			return act{}, apperr.ErrConflict
		}
		explanation, displayable := validate.Text(explanation)
		switch {
		case !displayable || explanation == "":
			return act{}, invalid("explanation", validate.CorrectionUnexplained)
		case validate.Length(explanation) > explanationMost:
			return act{}, invalid("explanation", validate.MakingLong("explanation", explanationMost))
		}
		later, err := takeImport(ctx, tx, id, DraftDocument, stamp, known)
		if err != nil {
			return act{}, err
		}
		d := Dossier{Consultation: *c}
		if err := readDocuments(ctx, tx, &d); err != nil {
			return act{}, fmt.Errorf("read documents: %w", err)
		}
		if clause.Text(d.Draft) == clause.Text(later) {
			return act{}, invalid("text", validate.DraftUnchanged)
		}
		nodes, links := m.Apply(d.Draft, later, uuid.New)
		number, err := s.keepVersion(ctx, tx, by, c, d.Draft, Version{Explanation: explanation, Nodes: nodes, Links: links})
		if err != nil {
			return act{}, err
		}
		if err := replaceDocument(ctx, tx, id, string(DraftDocument), nodes); err != nil {
			return act{}, err
		}
		return act{by.Signature, by.Role, "new_version", fmt.Sprintf("version %d, %d nodes: %s", number, len(nodes), explanation)}, touch(ctx, tx, id)
	})
}

// keepVersion stores a version, and before the first change the one that stood.
func (s *Store) keepVersion(ctx context.Context, tx pgx.Tx, by Actor, c *Consultation, standing []clause.Node, v Version) (number int, err error) {
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(number), 0) FROM draft_version WHERE consultation_id = $1`, c.ID).Scan(&number); err != nil {
		return 0, fmt.Errorf("count versions: %w", err)
	}
	list := []Version{v}
	list[0].MadeAt = s.Now()
	if number == 0 {
		list = []Version{{MadeAt: c.PublishedOn, Nodes: standing}, list[0]}
	}
	for _, v := range list {
		number++
		for i := range v.Nodes {
			v.Nodes[i].Raw = "" // the words are in the other fields
		}
		nodes, err := json.Marshal(v.Nodes)
		if err != nil {
			return 0, fmt.Errorf("write the nodes: %w", err)
		}
		links, err := json.Marshal(append([]clause.Link{}, v.Links...))
		if err != nil {
			return 0, fmt.Errorf("write the links: %w", err)
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO draft_version (consultation_id, number, made_at, made_by, explanation, nodes, links)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, c.ID, number, v.MadeAt, by.Signature, v.Explanation, nodes, links)
		if err != nil {
			return 0, fmt.Errorf("keep version %d: %w", number, err)
		}
	}
	return number, nil
}
