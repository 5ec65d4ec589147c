package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/fanql/fanql/bench/internal/figures"
)

// addLines draws a line for each peer by the number of clients, with the medians.
func (p picture) addLines(plotted *plot.Plot, c palette) ([]key, error) {
	counts, peers := p.series[0].figures, p.measured()
	if len(counts) < 2 || len(peers) == 0 {
		return nil, errors.New("the results have no figures of it")
	}
	var keys []key
	for n, peer := range peers {
		if slices.ContainsFunc(counts, func(f figures.Figure) bool { return len(f.Values[peer]) == 0 }) {
			return nil, fmt.Errorf("the results lack figures of %s", peer)
		}
		points := make(plotter.XYs, len(counts))
		for i, f := range counts {
			points[i] = plotter.XY{X: float64(f.Clients), Y: figures.Median(f.Values[peer]) / p.per}
			// The greatest value stands above its mark, the others below.
			offset, align := vg.Point{X: letters / 2, Y: letters / 2}, draw.YBottom
			above := func(other string) bool {
				return len(f.Values[other]) > 0 && figures.Median(f.Values[other])/p.per > points[i].Y
			}
			if slices.ContainsFunc(peers, above) {
				offset, align = vg.Point{X: letters / 2, Y: -letters / 2}, draw.YTop
			}
			plotted.Add(label(c, points[i], figures.Format(points[i].Y), offset, draw.XRight, align))
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.LineStyle = c.line(c.of(peer))
		marks.GlyphStyle = draw.GlyphStyle{Color: c.of(peer), Radius: 4, Shape: draw.CircleGlyph{}}
		if n > 0 {
			line.Dashes, marks.Shape = []vg.Length{5, 3}, draw.BoxGlyph{}
		}
		plotted.Add(line, marks)
		keys = append(keys, key{filepath.Base(peer), []plot.Thumbnailer{line, marks}})
	}
	ticks := make([]plot.Tick, len(counts))
	for i, f := range counts {
		ticks[i] = plot.Tick{Value: float64(f.Clients), Label: figures.Format(float64(f.Clients))}
	}
	plotted.X.Scale, plotted.X.Tick.Marker, plotted.X.Label.Text = plot.LogScale{}, plot.ConstantTicks(ticks), "clients"
	plotted.Y.Min, plotted.Y.Label.Text = 0, p.unit
	return keys, nil
}
