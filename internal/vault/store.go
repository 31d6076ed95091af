package vault

import (
	"context"
	"fmt"

	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Row is the sealed personal data of one comment, ready for table personal_data.
type Row struct {
	CommentID      uuid.UUID
	ConsultationID string
	Sealed
}

// InsertInto begins the statement that stores sealed rows: a SELECT of them follows, with the comment's id, its
// consultation, and the columns of Columns. It is there for a statement that stores the comments too.
const InsertInto = `INSERT INTO personal_data (comment_id, consultation_id, name, id_number, phone, email, org, identity_index)`

// Columns are the six bytea[] of sealed values, in the order of InsertInto.
func Columns(sealed []Sealed) []any {
	n := len(sealed)
	names, numbers, phones := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	emails, orgs, identities := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i, s := range sealed {
		names[i], numbers[i], phones[i] = s.Name, s.IDNumber, s.Phone
		emails[i], orgs[i], identities[i] = s.Email, s.Org, s.IdentityIndex
	}
	return []any{names, numbers, phones, emails, orgs, identities}
}

// Store inserts rows in the caller's transaction, in one statement at its end (postgres.Last).
func Store(ctx context.Context, tx pgx.Tx, rows []Row) error {
	n := len(rows)
	ids, consultations := make([][16]byte, n), make([]string, n)
	sealed := make([]Sealed, n)
	for i, r := range rows {
		ids[i], consultations[i], sealed[i] = r.CommentID, r.ConsultationID, r.Sealed
	}
	return postgres.LastExec(ctx, tx, fmt.Sprintf("store personal data of %d comments", n), InsertInto+`
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[])`,
		append([]any{ids, consultations}, Columns(sealed)...)...)
}
