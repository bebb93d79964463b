-- Run by neovim.test.mjs in Neovim 0.7 or later: the file opens, its finding shows, the fix is applied and saved.
local file = vim.env.PORTSIDE_FILE
local id = vim.lsp.start_client({
  name = 'portside',
  cmd = { vim.env.PORTSIDE_PYTHON, '-I', '-m', 'portside', 'lsp' },
  root_dir = vim.env.PORTSIDE_WORKSPACE,
})
vim.cmd('edit ' .. vim.fn.fnameescape(file))
vim.lsp.buf_attach_client(0, id)

local function say(...) io.stdout:write(string.format(...), '\n') end
local function code_of(diagnostic) return diagnostic.code or diagnostic.user_data.lsp.code end
local function finding(code)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    if code_of(diagnostic) == code then return diagnostic end
  end
end

assert(vim.wait(120000, function() return finding('PS101') ~= nil end, 20), 'no finding')
for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
  say('FINDING %d %s %s', diagnostic.lnum + 1, code_of(diagnostic), diagnostic.source)
end

local launch = finding('PS101')
vim.api.nvim_win_set_cursor(0, { launch.lnum + 1, launch.col })
local params = vim.lsp.util.make_range_params()
params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics(0, launch.lnum) }
local answers = assert(vim.lsp.buf_request_sync(0, 'textDocument/codeAction', params, 10000))
for _, action in ipairs(answers[id].result) do
  if action.title == 'Fix: launch via uvicorn CLI' then
    local client = vim.lsp.get_client_by_id(id)
    if not action.edit then
      action = assert(vim.lsp.buf_request_sync(0, 'codeAction/resolve', action, 10000))[id].result
    end
    vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
    say('APPLIED %s', action.title)
    break
  end
end
vim.cmd('wall')
assert(vim.wait(120000, function() return finding('PS101') == nil end, 20), 'the finding stays')
say('CLEAN')
vim.lsp.stop_client(id)
vim.wait(60000, function() return #vim.lsp.get_active_clients() == 0 end, 20)
vim.cmd('qa!')
