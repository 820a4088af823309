package io.tailrace.broker.config;

import java.util.List;

/** Settings that cannot be used; says everything that is wrong with them at once. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final List<String> problems;

  /**
   * @param problems one line each, which names the key and the mend
   */
  public ConfigException(List<String> problems) {
    super(String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  public List<String> problems() {
    return problems;
  }
}
