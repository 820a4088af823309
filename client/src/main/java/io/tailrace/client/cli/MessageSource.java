package io.tailrace.client.cli;

import io.tailrace.client.Message;
import java.io.IOException;

/** Where {@code produce} gets its records. Confined to the thread of the command. */
interface MessageSource {

  /**
   * The next record, or null at the end.
   *
   * @throws CommandException that names the line, when it cannot be used
   */
  Message<byte[], byte[]> next() throws IOException;
}
