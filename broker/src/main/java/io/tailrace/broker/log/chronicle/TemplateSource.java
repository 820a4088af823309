package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the template for new segments made in the background, since the first queue of a process
 * takes a second to load Chronicle Queue. On a full disk that fails, and is tried again when a
 * segment is needed: a broker without room still serves what it has. Thread-safe.
 */
final class TemplateSource {
  private static final Logger LOG = LoggerFactory.getLogger(TemplateSource.class);

  /** A queue is made by Chronicle Queue itself here, which does not reserve what it writes to. */
  private static final int QUEUE_BYTES = 4 << 20;

  private final Path directory;
  private final DiskSpace space;
  private final CompletableFuture<Void> tried;
  private SegmentTemplate template;

  /**
   * @param directory where a queue is made for a moment
   * @param executor makes the first attempt
   */
  TemplateSource(Path directory, DiskSpace space, Executor executor) {
    this.directory = directory;
    this.space = space;
    this.tried = CompletableFuture.runAsync(this::tryFirst, executor);
  }

  private void tryFirst() {
    try {
      get();
    } catch (LogException e) {
      LOG.warn("the template for new segments is not made yet", e);
    }
  }

  /** Completes when {@link #get()} will not be slow any more, or has failed once. */
  CompletableFuture<Void> tried() {
    return tried;
  }

  /**
   * The template.
   *
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}
   */
  synchronized SegmentTemplate get() {
    if (template == null) {
      space.check(QUEUE_BYTES);
      try {
        template = SegmentTemplate.make(directory);
      } catch (IOException e) {
        throw DiskSpace.failure("cannot make a queue in " + directory, e);
      }
    }
    return template;
  }
}
