package main

import (
	"errors"
	"image/color"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/fanql/fanql/bench/internal/figures"
)

const (
	thick = 8 // a bar
	apart = 4 // from the next
)

// row is the height of the bars of one peer.
func (p picture) row() vg.Length { return vg.Length(len(p.series))*(thick+apart) + apart }

// height is the picture's, by what it has.
func (p picture) height() vg.Length {
	if p.growth {
		return width * 0.7
	}
	return vg.Length(len(p.measured()))*p.row() + 80
}

// measured are the peers of which there is a figure.
func (p picture) measured() []string {
	return slices.DeleteFunc(slices.Clone(p.peers), func(peer string) bool {
		return !slices.ContainsFunc(p.series, func(s series) bool {
			return len(s.values(peer)) > 0
		})
	})
}

// values are a peer's, where it was measured.
func (s series) values(peer string) []float64 {
	if len(s.figures) == 0 {
		return nil
	}
	return s.figures[0].Values[peer]
}

// addBars draws a bar for each peer and series, the first peer on top: filled for the
// first series, hollow for the second, with a line from the least to the most of all
// rounds, and the median.
func (p picture) addBars(plotted *plot.Plot, c palette) ([]key, error) {
	peers := p.measured()
	if len(peers) == 0 {
		return nil, errors.New("the results have no figures of it")
	}
	var keys []key
	for i, s := range p.series {
		fill := func(of color.Color) color.Color {
			if i == 0 {
				return of
			}
			return c.ground
		}
		for n, peer := range peers {
			values := s.values(peer)
			if len(values) == 0 {
				continue
			}
			y := float64(len(peers)-1-n) - (float64(i)-float64(len(p.series)-1)/2)*float64((thick+apart)/p.row())
			median := figures.Median(values) / p.per
			bar, err := plotter.NewBarChart(plotter.Values{median}, thick)
			if err != nil {
				return nil, err
			}
			bar.XMin, bar.Horizontal, bar.Color, bar.LineStyle = y, true, fill(c.of(peer)), c.line(c.of(peer))
			least, most := slices.Min(values)/p.per, slices.Max(values)/p.per
			spread, err := plotter.NewLine(plotter.XYs{{X: least, Y: y}, {X: most, Y: y}})
			if err != nil {
				return nil, err
			}
			spread.LineStyle = c.line(c.ink)
			plotted.Add(bar, spread, label(c, plotter.XY{X: most, Y: y}, figures.Format(median), vg.Point{X: 4}, draw.XLeft, draw.YCenter))
		}
		if len(p.series) > 1 {
			keys = append(keys, key{s.says, []plot.Thumbnailer{&plotter.BarChart{Color: fill(c.ink), LineStyle: c.line(c.ink)}}})
		}
	}
	names := make([]string, len(peers))
	for n, peer := range peers {
		names[len(peers)-1-n] = filepath.Base(peer)
	}
	plotted.NominalY(names...)
	plotted.X.Min, plotted.X.Label.Text, plotted.X.Padding = 0, p.unit, 0
	plotted.Y.Min, plotted.Y.Max, plotted.Y.Padding = -0.5, float64(len(peers))-0.5, letters
	return keys, nil
}
