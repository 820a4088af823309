package io.tailrace.benchmarks.history;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What a line says about its operation. */
public enum Phase {
  /** The client is about to begin it. */
  @JsonProperty("inv")
  INVOKED,
  /** It took place. */
  @JsonProperty("ok")
  OK,
  /** It did not take place. */
  @JsonProperty("fail")
  FAILED,
  /** Whether it took place is not known. */
  @JsonProperty("info")
  UNKNOWN
}
