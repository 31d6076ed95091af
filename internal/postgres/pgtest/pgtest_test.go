package pgtest_test

import (
	"context"
	"fmt"
	"testing"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
)

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			db := pgtest.New(t)
			current, err := postgres.Current(ctx, db)
			if err != nil || !current {
				t.Fatalf("Current = %v, %v; want a migrated database", current, err)
			}
			if _, err := db.Exec(ctx, `INSERT INTO listed_word (word) VALUES ('词')`); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := db.QueryRow(ctx, `SELECT count(*) FROM listed_word`).Scan(&n); err != nil || n != 1 {
				t.Errorf("rows = %d, %v; want only this test's", n, err)
			}
		})
	}
}

func TestConnectionsHaveTheRightsOfTheApplication(t *testing.T) {
	db := pgtest.New(t)
	var role string
	if err := db.QueryRow(context.Background(), `SELECT current_user`).Scan(&role); err != nil {
		t.Fatal(err)
	}
	if role != "wenji_app" {
		t.Errorf("current_user = %s, want wenji_app", role)
	}
}
