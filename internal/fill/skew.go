package fill

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// zipf draws places from 0 on, each the rarer the later it comes: the weight of place k is 1/(k+1)^s.
type zipf []float64 // the weights, added up to 1

func newZipf(n int, s float64) zipf {
	z, sum := make(zipf, n), 0.0
	for k := range z {
		sum += math.Pow(float64(k+1), -s)
		z[k] = sum
	}
	for k := range z {
		z[k] /= sum
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	k, _ := slices.BinarySearch(z, r.Float64())
	return min(k, len(z)-1)
}

// headSkew makes the largest of 200 consultations hold about 8 % of the comments.
const headSkew = 0.72

// Shares divides comments among consultations, the largest share first; together they are all the comments.
func Shares(comments, consultations int) []int {
	shares := make([]int, consultations)
	done := 0
	for k, upTo := range newZipf(consultations, headSkew) {
		end := int(math.Round(upTo * float64(comments)))
		shares[k], done = end-done, end
	}
	return shares
}

// hours are how often comments come in each hour of a day.
var hours = newWeights(2, 1, 1, 1, 1, 3, 8, 20, 42, 60, 62, 50, 34, 38, 48, 50, 46, 40, 36, 44, 52, 42, 20, 7)

// weights draw places by their weight.
type weights []float64

func newWeights(list ...float64) weights {
	w, sum := make(weights, len(list)), 0.0
	for i, one := range list {
		sum += one
		w[i] = sum
	}
	return w
}

func (w weights) draw(r *rand.Rand) int {
	k, _ := slices.BinarySearch(w, r.Float64()*w[len(w)-1])
	return min(k, len(w)-1)
}

// Times are n instants of arrival between two others, ascending: many in the days after the opening, many in front of the
// closing, few at night. serial tells one consultation from another.
func (g *Generator) Times(serial, n int, from, to time.Time) []time.Time {
	r := g.chance(ofTimes, serial)
	whole := to.Sub(from)
	days := max(whole.Hours()/24, 1)
	times := make([]time.Time, n)
	for i := range times {
		var day float64
		switch kind := r.Float64(); {
		case kind < 0.4:
			day = r.ExpFloat64() * 2
		case kind < 0.7:
			day = days - r.ExpFloat64()*1.5
		default:
			day = r.Float64() * days
		}
		if day < 0 || day >= days {
			day = r.Float64() * days
		}
		hour := time.Duration(hours.draw(r))*time.Hour + time.Duration(r.Int64N(int64(time.Hour)))
		at := from.Add(time.Duration(math.Floor(day))*24*time.Hour + hour)
		if !at.Before(to) { // the last day may be a part of one
			at = from.Add(time.Duration(r.Int64N(int64(whole))))
		}
		times[i] = at.Truncate(time.Microsecond)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}
