package io.tailrace.client.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows for people to read: columns are as wide as their widest cell, numbers stand on the right.
 */
final class Table {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  Table(String... header) {
    rows.add(List.of(header));
  }

  /** Adds a row with as many cells as the header; null is shown as {@code -}. */
  Table row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(cell == null ? "-" : cell.toString());
    }
    if (row.size() != rows.get(0).size()) {
      throw new IllegalArgumentException(row + " does not fit under " + rows.get(0));
    }
    rows.add(row);
    return this;
  }

  /** One line each, header first, without blanks at their ends. */
  List<String> lines() {
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    boolean[] numeric = new boolean[columns];
    for (int column = 0; column < columns; column++) {
      numeric[column] = rows.size() > 1;
      for (int i = 0; i < rows.size(); i++) {
        String cell = rows.get(i).get(column);
        widths[column] = Math.max(widths[column], cell.length());
        numeric[column] &= i == 0 || isNumber(cell);
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        String padding = " ".repeat(widths[column] - row.get(column).length());
        line.append(column == 0 ? "" : GAP)
            .append(numeric[column] ? padding + row.get(column) : row.get(column) + padding);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  void print(Terminal terminal) {
    lines().forEach(terminal::println);
  }

  private static boolean isNumber(String cell) {
    return cell.equals("-") || cell.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '.');
  }
}
