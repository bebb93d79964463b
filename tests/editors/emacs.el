;;; Run by emacs.test.mjs: the file opens under eglot, its finding shows, the fix is applied and saved.  -*- lexical-binding: t -*-
(require 'eglot)
(require 'python)
(setq eglot-sync-connect 120 eglot-connect-timeout 120 jsonrpc-default-request-timeout 120)
(setq eglot-autoshutdown t eglot-confirm-server-initiated-edits nil
      create-lockfiles nil make-backup-files nil)
(add-to-list 'eglot-server-programs
             `(python-mode . (,(getenv "PORTSIDE_PYTHON") "-I" "-m" "portside" "lsp")))

(fset 'y-or-n-p #'always) ; eglot asks before it edits several files, here also pyproject.toml

(defun until (what probe)
  (let ((end (+ (float-time) 120)))
    (while (not (funcall probe))
      (when (> (float-time) end) (error "not within 120 s: %s" what))
      (accept-process-output nil 0.05))))

(defun finding (text)
  (seq-find (lambda (diagnostic) (string-match-p text (flymake-diagnostic-text diagnostic)))
            (flymake-diagnostics)))

(find-file (getenv "PORTSIDE_FILE"))
(python-mode)
(let ((default-directory (file-name-as-directory (getenv "PORTSIDE_WORKSPACE"))))
  (eglot '(python-mode) (cons 'transient default-directory) 'eglot-lsp-server
         (cdr (assoc 'python-mode eglot-server-programs)) "python"))
(flymake-mode 1)
(flymake-start)
(until "a finding" (lambda () (finding "PS101")))
(dolist (diagnostic (flymake-diagnostics))
  (princ (format "FINDING %d %s\n" (line-number-at-pos (flymake-diagnostic-beg diagnostic))
                 (flymake-diagnostic-text diagnostic))))
(let* ((launch (finding "PS101"))
       (actions (eglot-code-actions (flymake-diagnostic-beg launch) (flymake-diagnostic-end launch) nil nil))
       (fix (seq-find (lambda (action) (equal (plist-get action :title) "Fix: launch via uvicorn CLI"))
                      (append actions nil))))
  (eglot--apply-workspace-edit (plist-get fix :edit))
  (princ (format "APPLIED %s\n" (plist-get fix :title))))
(save-some-buffers t)
(until "no finding" (lambda () (flymake-start) (not (finding "PS101"))))
(princ "CLEAN\n")
(eglot-shutdown (eglot-current-server))
(kill-emacs 0)
