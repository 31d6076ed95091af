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

// Store inserts rows in the caller's transaction, in one statement at its end (postgres.Last).
func Store(ctx context.Context, tx pgx.Tx, rows []Row) error {
	n := len(rows)
	ids, consultations := make([][16]byte, n), make([]string, n)
	names, numbers, phones := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	emails, orgs, identities := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i, r := range rows {
		ids[i], consultations[i] = r.CommentID, r.ConsultationID
		names[i], numbers[i], phones[i] = r.Name, r.IDNumber, r.Phone
		emails[i], orgs[i], identities[i] = r.Email, r.Org, r.IdentityIndex
	}
	return postgres.LastExec(ctx, tx, fmt.Sprintf("store personal data of %d comments", n), `
		INSERT INTO personal_data (comment_id, consultation_id, name, id_number, phone, email, org, identity_index)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[])`,
		ids, consultations, names, numbers, phones, emails, orgs, identities)
}
