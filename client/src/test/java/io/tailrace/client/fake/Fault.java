package io.tailrace.client.fake;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;

/** Decides what happens to requests. Called on a broker's thread. */
@FunctionalInterface
public interface Fault {

  /** What to do with a request. */
  record Action(Kind kind, ErrorCode error, int delayMs) {
    /** As a good broker would. */
    public static final Action PASS = new Action(Kind.PASS, ErrorCode.NONE, 0);

    /** Closes the connection without doing what was asked. */
    public static final Action DROP = new Action(Kind.DROP, ErrorCode.NONE, 0);

    /** Does what was asked, and closes the connection in place of an answer. */
    public static final Action DO_AND_DROP = new Action(Kind.DO_AND_DROP, ErrorCode.NONE, 0);

    /** Neither does anything nor answers. */
    public static final Action IGNORE = new Action(Kind.IGNORE, ErrorCode.NONE, 0);

    /** Does what was asked, and keeps the answer to itself. */
    public static final Action DO_AND_IGNORE = new Action(Kind.DO_AND_IGNORE, ErrorCode.NONE, 0);

    /** Answers with an error for the whole request. */
    public static Action refuse(ErrorCode error) {
      return new Action(Kind.REFUSE, error, 0);
    }

    /** Answers produce and fetch requests with an error for each partition. */
    public static Action refusePartitions(ErrorCode error) {
      return new Action(Kind.REFUSE_PARTITIONS, error, 0);
    }

    /** Does what a produce request asks for, and answers with an error for each partition. */
    public static Action doAndRefusePartitions(ErrorCode error) {
      return new Action(Kind.DO_AND_REFUSE_PARTITIONS, error, 0);
    }

    /** Answers late. */
    public static Action delay(int delayMs) {
      return new Action(Kind.PASS, ErrorCode.NONE, delayMs);
    }
  }

  /** Ways to treat a request. */
  enum Kind {
    PASS,
    DROP,
    DO_AND_DROP,
    IGNORE,
    DO_AND_IGNORE,
    REFUSE,
    REFUSE_PARTITIONS,
    DO_AND_REFUSE_PARTITIONS
  }

  /**
   * Decides about one request.
   *
   * @param broker the broker's id
   * @param api what is asked
   * @param nth counts the requests of that api at that broker, from 0
   */
  Action on(int broker, ApiKey api, int nth);
}
