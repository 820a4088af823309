package io.tailrace.client.cli;

import java.util.ArrayList;
import java.util.List;

/** The words that a shell offers for a flag's value: those that its parser accepts. */
final class Candidates {
  private Candidates() {}

  /** Behind {@code --acks}. */
  static final class AcksNames extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    AcksNames() {
      super(List.of("0", "1", "all"));
    }
  }

  /** Behind {@code --compression}. */
  static final class CompressionNames extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    CompressionNames() {
      super(List.of("none", "gzip", "snappy", "lz4", "zstd"));
    }
  }

  /** Behind {@code --input}. */
  static final class InputNames extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    InputNames() {
      super(List.of("lines", "json"));
    }
  }

  /** Behind {@code --type}. */
  static final class TopicTypes extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    TopicTypes() {
      super(List.of("log", "direct", "fanout", "topic"));
    }
  }
}
